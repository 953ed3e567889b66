-- +goose Up

-- What stands for the texts of a document where near-copies are looked for. A
-- summary: it is made again where it is missing or old.
CREATE TABLE sketches (
    project_id  INTEGER NOT NULL REFERENCES projects (id),
    document_id INTEGER NOT NULL REFERENCES documents (id),
    kind        TEXT    NOT NULL CHECK (kind IN ('text', 'body')),
    version     INTEGER NOT NULL, -- split.SketchVersion
    gold_id     INTEGER NOT NULL, -- the newest gold when it was made, 0 for none
    words       INTEGER NOT NULL,
    shingles    INTEGER NOT NULL,
    mins        BLOB    NOT NULL, -- see internal/split
    compared    INTEGER NOT NULL DEFAULT 0 CHECK (compared IN (0, 1)), -- with all that are
    PRIMARY KEY (project_id, document_id, kind)
) STRICT, WITHOUT ROWID;

CREATE INDEX sketches_fresh ON sketches (project_id) WHERE compared = 0;

-- Pairs of near-copies, found by sketches and counted exactly.
CREATE TABLE near_copies (
    project_id  INTEGER NOT NULL REFERENCES projects (id),
    document_id INTEGER NOT NULL REFERENCES documents (id),
    of_id       INTEGER NOT NULL REFERENCES documents (id) CHECK (of_id < document_id), -- was there first
    kind        TEXT    NOT NULL CHECK (kind IN ('text', 'body')),
    jaccard     REAL    NOT NULL,
    containment REAL    NOT NULL,
    least       INTEGER NOT NULL, -- shingles of the smaller text
    PRIMARY KEY (project_id, document_id, of_id, kind)
) STRICT, WITHOUT ROWID;

CREATE INDEX near_copies_of ON near_copies (of_id);

-- The part that a site or document was first assigned to under a split that was
-- given out. It changes only where groups with different parts grow together.
CREATE TABLE split_groups (
    project_id INTEGER NOT NULL REFERENCES projects (id),
    split      TEXT    NOT NULL, -- split.Name
    name       TEXT    NOT NULL,
    part       TEXT    NOT NULL,
    was        TEXT    NOT NULL DEFAULT '', -- the part before the last change
    first_at   INTEGER NOT NULL,
    PRIMARY KEY (project_id, split, name)
) STRICT, WITHOUT ROWID;

-- Parts that people chose. The newest row of a document or site counts.
CREATE TABLE split_fixes (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    project_id   INTEGER NOT NULL REFERENCES projects (id),
    document_key TEXT    NOT NULL, -- '' where a site is meant
    site         TEXT    NOT NULL, -- '' where a document is meant
    part         TEXT    NOT NULL, -- '' gives it back to the rule
    annotator_id INTEGER REFERENCES annotators (id), -- NULL: from the command line
    at           INTEGER NOT NULL,
    CHECK ((document_key = '') <> (site = ''))
) STRICT;

CREATE INDEX split_fixes_of ON split_fixes (project_id, document_key, site, id);

-- +goose StatementBegin
CREATE TRIGGER split_fixes_never_change BEFORE UPDATE ON split_fixes
BEGIN SELECT RAISE (ABORT, 'what people chose is written once'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER split_fixes_never_go BEFORE DELETE ON split_fixes
BEGIN SELECT RAISE (ABORT, 'what people chose is never deleted'); END;
-- +goose StatementEnd
