-- +goose Up

-- What adjudicators decided, place by place, as it came: one row each time. The
-- newest of a place counts. Undoing and redoing append.
CREATE TABLE decisions (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    event        TEXT    NOT NULL, -- made by the browser; one event may decide many places
    kind         TEXT    NOT NULL CHECK (kind IN ('decide', 'undo', 'redo')),
    undoes       TEXT    NOT NULL DEFAULT '', -- the event that an undo or redo is about
    document_id  INTEGER NOT NULL REFERENCES documents (id),
    project_id   INTEGER NOT NULL REFERENCES projects (id),
    annotator_id INTEGER NOT NULL REFERENCES annotators (id), -- the adjudicator
    at           INTEGER NOT NULL,
    place        TEXT    NOT NULL, -- agreement.Key
    answer       TEXT    CHECK (json_valid(answer)), -- agreement.Vote; null where it was taken back, or only a cause was given
    took         INTEGER REFERENCES annotators (id), -- whose answer it was
    cause        TEXT    NOT NULL DEFAULT '' CHECK (cause IN ('', 'slip', 'guideline', 'text', 'cut', 'other')),
    sides        TEXT    NOT NULL DEFAULT '[]', -- who said the same: groups of annotators' ids
    UNIQUE (document_id, event, place)
) STRICT;

CREATE INDEX decisions_of ON decisions (document_id, place, id);
CREATE INDEX decisions_caused ON decisions (project_id, cause) WHERE cause <> '';

-- +goose StatementBegin
CREATE TRIGGER decisions_never_change BEFORE UPDATE ON decisions
BEGIN SELECT RAISE (ABORT, 'decisions are written once'); END;
-- +goose StatementEnd

-- What adjudicators and annotators say to each other about a document.
CREATE TABLE comments (
    id           TEXT    PRIMARY KEY, -- made by the browser
    document_id  INTEGER NOT NULL REFERENCES documents (id),
    project_id   INTEGER NOT NULL REFERENCES projects (id),
    annotator_id INTEGER NOT NULL REFERENCES annotators (id),
    at           INTEGER NOT NULL,
    place        TEXT,
    text         TEXT    NOT NULL,
    resolved_at  INTEGER,
    resolved_by  INTEGER REFERENCES annotators (id)
) STRICT, WITHOUT ROWID;

CREATE INDEX comments_of ON comments (document_id, at);
CREATE INDEX comments_open ON comments (project_id, document_id) WHERE resolved_at IS NULL;

-- The lists of the review page, in their orders.
CREATE INDEX document_states_review ON document_states (project_id, changed_at, document_id) WHERE state = 'review';
CREATE INDEX gold_adjudicated ON gold (project_id, id) WHERE basis = 'adjudicated';
CREATE INDEX annotations_passed ON annotations (project_id, id) WHERE status IN ('skipped', 'flagged');
