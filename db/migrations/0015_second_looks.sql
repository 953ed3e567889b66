-- +goose Up

-- Blocks of gold that the model, not having seen them, and every run contradict.
-- Those that nobody has looked at come anew with each model; what a person said
-- of one stays, for the gold that they saw.
CREATE TABLE second_looks (
    document_id INTEGER NOT NULL REFERENCES documents (id),
    gold_id     INTEGER NOT NULL REFERENCES gold (id),
    start       INTEGER NOT NULL, -- of the block
    project_id  INTEGER NOT NULL REFERENCES projects (id),
    end         INTEGER NOT NULL,
    class       TEXT    NOT NULL CHECK (class IN ('body', 'boilerplate')), -- of gold
    p           REAL    NOT NULL, -- that gold is right, by the model
    runs        INTEGER NOT NULL, -- that say otherwise
    verdict     TEXT    NOT NULL DEFAULT '' CHECK (verdict IN ('', 'confirmed', 'reopened')),
    decided_by  INTEGER REFERENCES annotators (id),
    decided_at  INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (document_id, gold_id, start)
) STRICT, WITHOUT ROWID;

CREATE INDEX second_looks_in ON second_looks (project_id, verdict, p);
