-- +goose Up

-- Gold of a project as it was at one moment. One that is being made is not
-- seen; one that is done does not change any more, but can be hidden.
CREATE TABLE releases (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    project_id   INTEGER NOT NULL REFERENCES projects (id),
    name         TEXT    NOT NULL COLLATE NOCASE,
    state        TEXT    NOT NULL CHECK (state IN ('making', 'done')),
    annotator_id INTEGER REFERENCES annotators (id), -- NULL: from the command line
    at           INTEGER NOT NULL,
    beat_at      INTEGER NOT NULL,
    removed_at   INTEGER,
    manifest     TEXT    NOT NULL DEFAULT '{}' CHECK (json_valid(manifest)) -- corpus.ReleaseManifest
) STRICT;

-- A name that was given away once may have been cited: it is not given twice.
CREATE UNIQUE INDEX releases_name ON releases (project_id, name);

CREATE TABLE release_gold (
    release_id  INTEGER NOT NULL REFERENCES releases (id),
    document_id INTEGER NOT NULL,
    gold_id     INTEGER NOT NULL REFERENCES gold (id),
    hash        BLOB    NOT NULL CHECK (length(hash) = 32), -- see internal/release
    PRIMARY KEY (release_id, document_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX release_gold_of ON release_gold (gold_id);

-- +goose StatementBegin
CREATE TRIGGER releases_never_change BEFORE UPDATE OF id, project_id, name, state, annotator_id, at, manifest ON releases WHEN OLD.state = 'done'
BEGIN SELECT RAISE (ABORT, 'a release is written once'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER releases_never_go BEFORE DELETE ON releases WHEN OLD.state = 'done'
BEGIN SELECT RAISE (ABORT, 'a release is never deleted'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER release_gold_never_changes BEFORE UPDATE ON release_gold
BEGIN SELECT RAISE (ABORT, 'a release is written once'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER release_gold_never_goes BEFORE DELETE ON release_gold WHEN (SELECT state FROM releases WHERE id = OLD.release_id) = 'done'
BEGIN SELECT RAISE (ABORT, 'a release is never deleted'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER release_gold_never_grows BEFORE INSERT ON release_gold WHEN (SELECT state FROM releases WHERE id = NEW.release_id) = 'done'
BEGIN SELECT RAISE (ABORT, 'a release is written once'); END;
-- +goose StatementEnd

-- Scores of the gold of a release are kept beside those of current gold.
CREATE TABLE scores_by_gold (
    run_id      INTEGER NOT NULL REFERENCES runs (id),
    document_id INTEGER NOT NULL,
    gold_id     INTEGER NOT NULL,
    metrics     INTEGER NOT NULL,
    content     BLOB    NOT NULL,
    PRIMARY KEY (run_id, document_id, gold_id)
) STRICT, WITHOUT ROWID;
INSERT INTO scores_by_gold SELECT run_id, document_id, gold_id, metrics, content FROM scores;
DROP TABLE scores;
ALTER TABLE scores_by_gold RENAME TO scores;
