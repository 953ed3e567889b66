-- +goose Up

-- How long people were at work, and what they had on screen: a row for each
-- time a document was opened. What a browser says is cumulative, so a beat that
-- is lost or comes twice changes nothing.
CREATE TABLE visits (
    document_id  INTEGER NOT NULL REFERENCES documents (id),
    annotator_id INTEGER NOT NULL REFERENCES annotators (id),
    visit        TEXT    NOT NULL, -- made by the browser
    active_ms    INTEGER NOT NULL,
    seen         TEXT    NOT NULL, -- JSON: [[0,3],[7,9]], half-open ranges of block numbers from 0
    began_at     INTEGER NOT NULL,
    last_at      INTEGER NOT NULL,
    PRIMARY KEY (document_id, annotator_id, visit)
) STRICT, WITHOUT ROWID;

-- What each labelling that was handed in took, and how it compares with gold:
-- a summary of visits, submissions and gold, kept by the changes of these.
CREATE TABLE efforts (
    annotation_id INTEGER PRIMARY KEY REFERENCES annotations (id),
    project_id    INTEGER NOT NULL REFERENCES projects (id),
    annotator_id  INTEGER NOT NULL REFERENCES annotators (id),
    document_id   INTEGER NOT NULL REFERENCES documents (id),
    at            INTEGER NOT NULL, -- when it was handed in last
    active_ms     INTEGER NOT NULL,
    words         INTEGER NOT NULL,
    blocks        INTEGER NOT NULL,
    seen_blocks   INTEGER NOT NULL,
    body_blocks   INTEGER NOT NULL,
    gold_id       INTEGER REFERENCES gold (id), -- the newest gold, unless it is theirs alone
    gold_tp       INTEGER NOT NULL DEFAULT 0,   -- words: body in both
    gold_fp       INTEGER NOT NULL DEFAULT 0,   -- in theirs alone
    gold_fn       INTEGER NOT NULL DEFAULT 0    -- in gold alone
) STRICT;

CREATE INDEX efforts_in ON efforts (project_id, at);
CREATE INDEX efforts_on ON efforts (document_id);

-- What was compared with gold that its annotator did not see: a row for each
-- time it was handed in.
CREATE TABLE checks (
    annotation_id INTEGER NOT NULL REFERENCES annotations (id),
    attempt       INTEGER NOT NULL, -- of practice the person's round; else how often it was handed in
    project_id    INTEGER NOT NULL REFERENCES projects (id),
    annotator_id  INTEGER NOT NULL REFERENCES annotators (id),
    document_id   INTEGER NOT NULL REFERENCES documents (id),
    purpose       TEXT    NOT NULL CHECK (purpose IN ('check', 'practice')),
    gold_id       INTEGER NOT NULL REFERENCES gold (id),
    words         INTEGER NOT NULL,
    words_right   INTEGER NOT NULL, -- with the class that gold has
    span_tp       INTEGER NOT NULL,
    span_a        INTEGER NOT NULL, -- spans of the annotator
    span_b        INTEGER NOT NULL, -- spans of gold
    at            INTEGER NOT NULL,
    PRIMARY KEY (annotation_id, attempt)
) STRICT, WITHOUT ROWID;

CREATE INDEX checks_in ON checks (project_id, purpose, annotator_id, document_id);

-- +goose StatementBegin
CREATE TRIGGER checks_never_change BEFORE UPDATE ON checks
BEGIN SELECT RAISE (ABORT, 'checks are written once'); END;
-- +goose StatementEnd

-- The documents of a project's practice round, and where people stand in it.
CREATE TABLE practice (
    document_id INTEGER PRIMARY KEY REFERENCES documents (id),
    project_id  INTEGER NOT NULL REFERENCES projects (id),
    added_at    INTEGER NOT NULL
) STRICT;

CREATE INDEX practice_in ON practice (project_id, document_id);

CREATE TABLE practised (
    project_id   INTEGER NOT NULL REFERENCES projects (id),
    annotator_id INTEGER NOT NULL REFERENCES annotators (id),
    attempt      INTEGER NOT NULL DEFAULT 1,
    passed_at    INTEGER NOT NULL DEFAULT 0,
    passed_by    INTEGER REFERENCES annotators (id), -- null where they passed by themselves
    PRIMARY KEY (project_id, annotator_id)
) STRICT, WITHOUT ROWID;
