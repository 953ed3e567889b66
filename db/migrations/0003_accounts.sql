-- +goose Up

-- Who may do what in a project, where that is not what the account may.
CREATE TABLE members (
    project_id   INTEGER NOT NULL REFERENCES projects (id),
    annotator_id INTEGER NOT NULL REFERENCES annotators (id),
    role         TEXT    NOT NULL CHECK (role IN ('manager', 'adjudicator', 'annotator')),
    added_at     INTEGER NOT NULL,
    PRIMARY KEY (project_id, annotator_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX members_of ON members (annotator_id);

-- Whether everybody with an account may enter.
ALTER TABLE projects ADD COLUMN open INTEGER NOT NULL DEFAULT 1;

-- Sessions go; when somebody was last here stays.
ALTER TABLE annotators ADD COLUMN seen_at INTEGER NOT NULL DEFAULT 0;
UPDATE annotators SET seen_at = coalesce((SELECT max(seen_at) FROM sessions WHERE annotator_id = annotators.id), 0);

-- Links that work once: an invitation, or for a person a new password.
CREATE TABLE links_new (
    id           INTEGER PRIMARY KEY,
    token_hash   BLOB    NOT NULL UNIQUE,
    role         TEXT    NOT NULL CHECK (role IN ('administrator', 'manager', 'adjudicator', 'annotator')),
    project_id   INTEGER REFERENCES projects (id),
    annotator_id INTEGER REFERENCES annotators (id), -- whose password it renews; of an invitation NULL
    made_by      INTEGER REFERENCES annotators (id), -- NULL: from the command line
    made_at      INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    used_by      INTEGER REFERENCES annotators (id),
    used_at      INTEGER NOT NULL DEFAULT 0,
    revoked_at   INTEGER NOT NULL DEFAULT 0
) STRICT;

INSERT INTO links_new (token_hash, role, made_at, expires_at, used_by)
SELECT token_hash, role, max(0, expires_at - 86400000), expires_at, used_by FROM links;

DROP TABLE links;
ALTER TABLE links_new RENAME TO links;

CREATE INDEX links_project ON links (project_id, id);

-- What changed rights, labels, settings, gold and releases, in order.
CREATE TABLE audit (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    at           INTEGER NOT NULL,
    annotator_id INTEGER REFERENCES annotators (id), -- NULL: from the command line
    project_id   INTEGER REFERENCES projects (id),
    kind         TEXT    NOT NULL,
    subject      TEXT    NOT NULL,
    change       TEXT    NOT NULL CHECK (json_valid(change))
) STRICT;

CREATE INDEX audit_project ON audit (project_id, id);

-- +goose StatementBegin
CREATE TRIGGER audit_never_changes BEFORE UPDATE ON audit
BEGIN SELECT RAISE (ABORT, 'the log is written once'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER audit_never_goes BEFORE DELETE ON audit
BEGIN SELECT RAISE (ABORT, 'the log is never shortened'); END;
-- +goose StatementEnd
