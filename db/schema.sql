-- All tables as the migrations leave them; go test ./db -run TestTheSchemaIsWrittenDown -update writes this file.

CREATE TABLE goose_db_version (
		id INTEGER PRIMARY KEY AUTOINCREMENT,
		version_id INTEGER NOT NULL,
		is_applied INTEGER NOT NULL,
		tstamp TIMESTAMP DEFAULT (datetime('now'))
	);

CREATE TABLE annotators (
    id            INTEGER PRIMARY KEY,
    name          TEXT    NOT NULL COLLATE NOCASE UNIQUE,
    role          TEXT    NOT NULL CHECK (role IN ('administrator', 'manager', 'adjudicator', 'annotator')),
    password_hash TEXT    NOT NULL,
    keys          TEXT    NOT NULL DEFAULT '{}',
    disabled      INTEGER NOT NULL DEFAULT 0,
    added_at      INTEGER NOT NULL
) STRICT;

CREATE TABLE sessions (
    token_hash   BLOB    PRIMARY KEY,
    annotator_id INTEGER NOT NULL REFERENCES annotators (id),
    agent        TEXT    NOT NULL,
    started_at   INTEGER NOT NULL,
    seen_at      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX sessions_of ON sessions (annotator_id);

CREATE TABLE tokens (
    token_hash   BLOB    PRIMARY KEY,
    annotator_id INTEGER NOT NULL REFERENCES annotators (id),
    name         TEXT    NOT NULL,
    added_at     INTEGER NOT NULL,
    revoked_at   INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX tokens_of ON tokens (annotator_id);

CREATE TABLE links (
    token_hash BLOB    PRIMARY KEY,
    role       TEXT    NOT NULL CHECK (role IN ('administrator', 'manager', 'adjudicator', 'annotator')),
    expires_at INTEGER NOT NULL,
    used_by    INTEGER REFERENCES annotators (id)
) STRICT, WITHOUT ROWID;

CREATE TABLE projects (
    id              INTEGER PRIMARY KEY,
    name            TEXT    NOT NULL COLLATE NOCASE UNIQUE,
    guidelines      TEXT    NOT NULL DEFAULT '',
    labels          TEXT    NOT NULL,
    cutting         TEXT    NOT NULL,
    queue_order     TEXT    NOT NULL CHECK (queue_order IN ('imported', 'random')),
    -- Documents above this id were stored by an import that is not finished;
    -- finishing it is this one number, so an import is seen all at once.
    visible_through INTEGER NOT NULL DEFAULT 0,
    removed_at      INTEGER,
    added_at        INTEGER NOT NULL
) STRICT;

CREATE TABLE project_counts (
    project_id INTEGER NOT NULL REFERENCES projects (id),
    state      TEXT    NOT NULL,
    documents  INTEGER NOT NULL,
    PRIMARY KEY (project_id, state)
) STRICT, WITHOUT ROWID;

CREATE TABLE imports (
    id           INTEGER PRIMARY KEY,
    project_id   INTEGER NOT NULL REFERENCES projects (id),
    annotator_id INTEGER REFERENCES annotators (id),
    state        TEXT    NOT NULL CHECK (state IN ('running', 'done', 'failed')),
    started_at   INTEGER NOT NULL,
    beat_at      INTEGER NOT NULL,
    report       TEXT    NOT NULL DEFAULT '{}'
) STRICT;

CREATE UNIQUE INDEX imports_running ON imports (project_id) WHERE state = 'running';

CREATE TABLE documents (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    project_id  INTEGER NOT NULL REFERENCES projects (id),
    key         TEXT    NOT NULL, -- the external id, or where it has none "sha256:" and the text's hash
    version     INTEGER NOT NULL,
    name        TEXT    NOT NULL,
    external_id TEXT    NOT NULL DEFAULT '',
    url         TEXT    NOT NULL DEFAULT '',
    site        TEXT    NOT NULL DEFAULT '',
    language    TEXT    NOT NULL DEFAULT '',
    media_type  TEXT    NOT NULL,
    charset     TEXT    NOT NULL,
    segmenter   TEXT    NOT NULL,
    sha256      BLOB    NOT NULL,
    source_hash BLOB    NOT NULL,
    block_count INTEGER NOT NULL,
    added_at    INTEGER NOT NULL,
    meta        TEXT    NOT NULL DEFAULT '{}',
    blocks      TEXT    NOT NULL, -- see db/documents.go
    text        TEXT    NOT NULL
) STRICT;

CREATE UNIQUE INDEX documents_key ON documents (project_id, key, version);

CREATE INDEX documents_site ON documents (project_id, site, id) WHERE site <> '';

CREATE INDEX documents_language ON documents (project_id, language, id) WHERE language <> '';

CREATE TABLE sources (
    document_id INTEGER PRIMARY KEY REFERENCES documents (id),
    encoding    TEXT NOT NULL CHECK (encoding IN ('identity', 'zstd')),
    bytes       BLOB NOT NULL
) STRICT;

CREATE TABLE document_states (
    document_id INTEGER PRIMARY KEY REFERENCES documents (id),
    project_id  INTEGER NOT NULL,
    state       TEXT    NOT NULL CHECK (state IN ('new', 'begun', 'skipped', 'flagged', 'gold', 'superseded', 'removed')),
    shuffle     INTEGER NOT NULL, -- place in the random order
    changed_at  INTEGER NOT NULL,
    changed_by  INTEGER REFERENCES annotators (id),
    why         TEXT    NOT NULL DEFAULT '',
    removed_from TEXT   NOT NULL DEFAULT '', -- the state that restoring brings back
    holder      INTEGER REFERENCES annotators (id),
    held_until  INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE INDEX document_states_list ON document_states (project_id, state, document_id);

CREATE INDEX document_states_shuffle ON document_states (project_id, state, shuffle);

CREATE INDEX document_states_latest ON document_states (project_id, changed_at) WHERE changed_by IS NOT NULL;

CREATE INDEX document_states_holder ON document_states (project_id, holder) WHERE holder IS NOT NULL;

CREATE VIRTUAL TABLE documents_fts USING fts5 (
    name, text, content = 'documents', content_rowid = 'id', tokenize = "unicode61 remove_diacritics 2", detail = none
);

CREATE TABLE annotations (
    id           INTEGER PRIMARY KEY,
    document_id  INTEGER NOT NULL REFERENCES documents (id),
    annotator_id INTEGER NOT NULL REFERENCES annotators (id),
    status       TEXT    NOT NULL CHECK (status IN ('draft', 'submitted', 'skipped', 'flagged')),
    opened_at    INTEGER NOT NULL,
    UNIQUE (document_id, annotator_id)
) STRICT;

CREATE TABLE events (
    annotation_id INTEGER NOT NULL REFERENCES annotations (id),
    n             INTEGER NOT NULL,
    id            TEXT    NOT NULL,
    kind          TEXT    NOT NULL,
    change        TEXT    NOT NULL,
    at            INTEGER NOT NULL,
    PRIMARY KEY (annotation_id, n),
    UNIQUE (annotation_id, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE gold (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    document_id INTEGER NOT NULL REFERENCES documents (id),
    project_id  INTEGER NOT NULL REFERENCES projects (id),
    version     INTEGER NOT NULL,
    at          INTEGER NOT NULL,
    annotators  TEXT    NOT NULL,
    content     TEXT    NOT NULL, -- see db/gold.go
    UNIQUE (document_id, version)
) STRICT;

CREATE INDEX gold_of ON gold (project_id, document_id, version);

CREATE TABLE staged_gold (
    import_id   INTEGER NOT NULL REFERENCES imports (id),
    document_id INTEGER NOT NULL REFERENCES documents (id),
    annotators  TEXT    NOT NULL,
    content     TEXT    NOT NULL,
    PRIMARY KEY (import_id, document_id)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER documents_never_change BEFORE UPDATE ON documents
BEGIN SELECT RAISE (ABORT, 'documents are written once'); END;

CREATE TRIGGER gold_never_changes BEFORE UPDATE ON gold
BEGIN SELECT RAISE (ABORT, 'gold is written once'); END;

CREATE TRIGGER events_never_change BEFORE UPDATE ON events
BEGIN SELECT RAISE (ABORT, 'events are written once'); END;

CREATE TRIGGER events_never_go BEFORE DELETE ON events
BEGIN SELECT RAISE (ABORT, 'events are never deleted'); END;

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

CREATE TABLE scores (
    run_id      INTEGER NOT NULL REFERENCES runs (id),
    document_id INTEGER NOT NULL,
    gold_id     INTEGER NOT NULL,
    metrics     INTEGER NOT NULL,
    content     BLOB    NOT NULL,
    PRIMARY KEY (run_id, document_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX gold_newest ON gold (project_id, id);
