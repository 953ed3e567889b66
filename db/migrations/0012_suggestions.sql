-- +goose Up

-- What was learnt from a project's gold. The newest of a project speaks; of
-- those before it only what they were is kept.
CREATE TABLE models (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    project_id INTEGER NOT NULL REFERENCES projects (id),
    seed       INTEGER NOT NULL,
    documents  INTEGER NOT NULL, -- with gold, that it learnt from
    gold_id    INTEGER NOT NULL, -- the newest gold when it began
    trained_at INTEGER NOT NULL,
    millis     INTEGER NOT NULL, -- how long it took
    report     TEXT    NOT NULL, -- suggest.Report as JSON: accuracy and costs
    content    BLOB    NOT NULL  -- suggest.Learned; empty once a newer one is there
) STRICT;

CREATE INDEX models_of ON models (project_id, id);

-- What a person was suggested for a document, as they saw it first; in the
-- blind arm it was made and kept back.
CREATE TABLE suggested (
    document_id  INTEGER NOT NULL REFERENCES documents (id),
    annotator_id INTEGER NOT NULL REFERENCES annotators (id),
    project_id   INTEGER NOT NULL REFERENCES projects (id),
    arm          TEXT    NOT NULL CHECK (arm IN ('shown', 'blind')),
    model_id     INTEGER REFERENCES models (id),
    at           INTEGER NOT NULL,
    content      TEXT    NOT NULL, -- see db/suggestions.go
    PRIMARY KEY (document_id, annotator_id)
) STRICT, WITHOUT ROWID;

-- What became of suggestions when a document was handed in last, by source: a
-- summary of suggested and submissions, kept by the changes of these.
CREATE TABLE corrections (
    annotation_id INTEGER NOT NULL REFERENCES annotations (id),
    source        TEXT    NOT NULL,
    project_id    INTEGER NOT NULL REFERENCES projects (id),
    arm           TEXT    NOT NULL CHECK (arm IN ('shown', 'blind')),
    at            INTEGER NOT NULL,
    blocks        INTEGER NOT NULL, -- suggested
    blocks_kept   INTEGER NOT NULL, -- handed in with the suggested class
    spans         INTEGER NOT NULL,
    spans_kept    INTEGER NOT NULL,
    PRIMARY KEY (annotation_id, source)
) STRICT, WITHOUT ROWID;

CREATE INDEX corrections_in ON corrections (project_id, source);
