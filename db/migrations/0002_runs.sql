-- +goose Up

-- What versions of cleaners said about a project's documents.
CREATE TABLE runs (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    project_id   INTEGER NOT NULL REFERENCES projects (id),
    name         TEXT    NOT NULL COLLATE NOCASE,
    cleaner      TEXT    NOT NULL, -- corpus.Cleaner as JSON
    origin       TEXT    NOT NULL CHECK (origin IN ('file', 'command', 'url', 'api', 'built-in')),
    state        TEXT    NOT NULL CHECK (state IN ('running', 'done', 'stopped')),
    hidden       INTEGER NOT NULL, -- seen only when it is done: a file is all there, or not at all
    documents    INTEGER NOT NULL, -- to be predicted
    annotator_id INTEGER REFERENCES annotators (id),
    started_at   INTEGER NOT NULL,
    beat_at      INTEGER NOT NULL,
    ended_at     INTEGER NOT NULL DEFAULT 0,
    removed_at   INTEGER
) STRICT;

CREATE UNIQUE INDEX runs_name ON runs (project_id, name) WHERE removed_at IS NULL;

CREATE TABLE predictions (
    id          INTEGER PRIMARY KEY,
    run_id      INTEGER NOT NULL REFERENCES runs (id),
    document_id INTEGER NOT NULL REFERENCES documents (id),
    status      TEXT    NOT NULL CHECK (status IN ('ok', 'empty', 'error', 'timeout')),
    millis      INTEGER NOT NULL,
    detail      TEXT    NOT NULL DEFAULT '',
    parts       TEXT    NOT NULL DEFAULT '', -- blocks and spans as JSON, "" for none; see db/runs.go
    text        TEXT    NOT NULL DEFAULT ''
) STRICT;

CREATE UNIQUE INDEX predictions_of ON predictions (run_id, document_id);

CREATE INDEX predictions_status ON predictions (run_id, status);

-- Scores that were taken: a pure function of a prediction, a version of gold
-- and the metric set, kept because taking them again costs a second a thousand.
CREATE TABLE scores (
    run_id      INTEGER NOT NULL REFERENCES runs (id),
    document_id INTEGER NOT NULL,
    gold_id     INTEGER NOT NULL,
    metrics     INTEGER NOT NULL,
    content     BLOB    NOT NULL,
    PRIMARY KEY (run_id, document_id)
) STRICT, WITHOUT ROWID;

-- The newest gold of a project tells whether a report is still the newest.
CREATE INDEX gold_newest ON gold (project_id, id);
