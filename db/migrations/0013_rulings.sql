-- +goose Up

-- What people settled once for all texts that are the same, on a site or in the
-- whole project. Of the rows about one text the newest counts that no row
-- undoes. It is what is suggested from then on; annotations and gold stay.
CREATE TABLE rulings (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    project_id   INTEGER NOT NULL REFERENCES projects (id),
    kind         TEXT    NOT NULL CHECK (kind IN ('block', 'span')),
    site         TEXT    NOT NULL, -- '' for the whole project
    key          TEXT    NOT NULL CHECK (key <> ''), -- what texts that are the same have in common
    sample       TEXT    NOT NULL, -- the text as the person saw it
    class        TEXT    NOT NULL CHECK (class IN ('body', 'boilerplate', '')), -- of a block; '' leaves it open
    label_id     INTEGER NOT NULL, -- of a span; 0: it is none
    annotator_id INTEGER REFERENCES annotators (id), -- NULL: from the command line
    at           INTEGER NOT NULL,
    undoes       INTEGER UNIQUE REFERENCES rulings (id) CHECK (undoes < id),
    CHECK (kind = 'block' AND label_id = 0 OR kind = 'span' AND class = '')
) STRICT;

CREATE INDEX rulings_of ON rulings (project_id, id);

-- Places that a ruling leaves out.
CREATE TABLE vetoes (
    ruling_id   INTEGER NOT NULL REFERENCES rulings (id),
    document_id INTEGER NOT NULL REFERENCES documents (id),
    start       INTEGER NOT NULL, -- of the block or span
    PRIMARY KEY (ruling_id, document_id, start)
) STRICT, WITHOUT ROWID;

-- +goose StatementBegin
CREATE TRIGGER rulings_never_change BEFORE UPDATE ON rulings
BEGIN SELECT RAISE (ABORT, 'what people settled is written once'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER rulings_never_go BEFORE DELETE ON rulings
BEGIN SELECT RAISE (ABORT, 'what people settled is never deleted'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER vetoes_never_change BEFORE UPDATE ON vetoes
BEGIN SELECT RAISE (ABORT, 'what people settled is written once'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER vetoes_never_go BEFORE DELETE ON vetoes
BEGIN SELECT RAISE (ABORT, 'what people settled is never deleted'); END;
-- +goose StatementEnd
