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
, seen_at INTEGER NOT NULL DEFAULT 0) STRICT;

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
, scopes TEXT NOT NULL DEFAULT '', expires_at INTEGER, used_at INTEGER NOT NULL DEFAULT 0) STRICT, WITHOUT ROWID;

CREATE INDEX tokens_of ON tokens (annotator_id);

CREATE TABLE projects (
    id              INTEGER PRIMARY KEY,
    name            TEXT    NOT NULL COLLATE NOCASE UNIQUE,
    guidelines      TEXT    NOT NULL DEFAULT '',
    labels          TEXT    NOT NULL,
    cutting         TEXT    NOT NULL,
    visible_through INTEGER NOT NULL DEFAULT 0,
    removed_at      INTEGER,
    added_at        INTEGER NOT NULL
, open INTEGER NOT NULL DEFAULT 1, settings TEXT NOT NULL DEFAULT '{}', requeue_after INTEGER) STRICT;

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

CREATE VIRTUAL TABLE documents_fts USING fts5 (
    name, text, content = 'documents', content_rowid = 'id', tokenize = "unicode61 remove_diacritics 2", detail = none
);

CREATE TABLE annotations (
    id           INTEGER PRIMARY KEY,
    document_id  INTEGER NOT NULL REFERENCES documents (id),
    annotator_id INTEGER NOT NULL REFERENCES annotators (id),
    status       TEXT    NOT NULL CHECK (status IN ('draft', 'submitted', 'skipped', 'flagged')),
    opened_at    INTEGER NOT NULL, purpose TEXT NOT NULL DEFAULT 'label' CHECK (purpose IN ('label', 'correction', 'check', 'practice')), project_id INTEGER NOT NULL DEFAULT 0, submitted_at INTEGER NOT NULL DEFAULT 0,
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
    content     TEXT    NOT NULL, basis TEXT NOT NULL DEFAULT 'single'
    CHECK (basis IN ('single', 'agreed', 'majority', 'adjudicated', 'corrected', 'imported')), decided_by INTEGER REFERENCES annotators (id), -- see db/gold.go
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

CREATE INDEX gold_newest ON gold (project_id, id);

CREATE TABLE members (
    project_id   INTEGER NOT NULL REFERENCES projects (id),
    annotator_id INTEGER NOT NULL REFERENCES annotators (id),
    role         TEXT    NOT NULL CHECK (role IN ('manager', 'adjudicator', 'annotator')),
    added_at     INTEGER NOT NULL,
    PRIMARY KEY (project_id, annotator_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX members_of ON members (annotator_id);

CREATE TABLE "links" (
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

CREATE INDEX links_project ON links (project_id, id);

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

CREATE TRIGGER audit_never_changes BEFORE UPDATE ON audit
BEGIN SELECT RAISE (ABORT, 'the log is written once'); END;

CREATE TRIGGER audit_never_goes BEFORE DELETE ON audit
BEGIN SELECT RAISE (ABORT, 'the log is never shortened'); END;

CREATE TABLE identities (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    annotator_id INTEGER NOT NULL REFERENCES annotators (id),
    issuer       TEXT    NOT NULL,
    subject      TEXT    NOT NULL,
    label        TEXT    NOT NULL,
    added_at     INTEGER NOT NULL,
    used_at      INTEGER NOT NULL DEFAULT 0,
    UNIQUE (issuer, subject)
) STRICT;

CREATE INDEX identities_of ON identities (annotator_id);

CREATE TABLE leases (
    document_id  INTEGER NOT NULL REFERENCES documents (id),
    annotator_id INTEGER NOT NULL REFERENCES annotators (id),
    project_id   INTEGER NOT NULL REFERENCES projects (id),
    purpose      TEXT    NOT NULL CHECK (purpose IN ('label', 'check', 'practice')),
    until        INTEGER NOT NULL,
    PRIMARY KEY (document_id, annotator_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX leases_of ON leases (annotator_id, project_id);

CREATE INDEX leases_over ON leases (project_id, until);

CREATE TABLE submissions (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    annotation_id INTEGER NOT NULL REFERENCES annotations (id),
    document_id   INTEGER NOT NULL REFERENCES documents (id),
    annotator_id  INTEGER NOT NULL REFERENCES annotators (id),
    at            INTEGER NOT NULL,
    content       TEXT    NOT NULL -- as gold.content
) STRICT;

CREATE INDEX submissions_of ON submissions (document_id, annotator_id, id);

CREATE TRIGGER submissions_never_change BEFORE UPDATE ON submissions
BEGIN SELECT RAISE (ABORT, 'submissions are written once'); END;

CREATE INDEX annotations_by ON annotations (project_id, annotator_id, purpose, status);

CREATE TABLE "document_states" (
    document_id INTEGER PRIMARY KEY REFERENCES documents (id),
    project_id  INTEGER NOT NULL,
    state       TEXT    NOT NULL CHECK (state IN ('new', 'begun', 'labelled', 'review', 'skipped', 'flagged', 'gold', 'superseded', 'removed')),
    shuffle     INTEGER NOT NULL, -- place in the random order; also chooses which documents get the overlap
    changed_at  INTEGER NOT NULL,
    changed_by  INTEGER REFERENCES annotators (id),
    why         TEXT    NOT NULL DEFAULT '',
    removed_from TEXT   NOT NULL DEFAULT '', -- the state that restoring brings back
    wanted      INTEGER NOT NULL DEFAULT 1,
    room        INTEGER NOT NULL DEFAULT 0,
    doubt       INTEGER NOT NULL DEFAULT 0   -- how far the runs disagree, 0 to 1000
, chosen TEXT NOT NULL DEFAULT '' -- '' is not handed out yet
    CHECK (chosen IN ('', 'lot', 'doubt', 'order', 'hand', 'import', 'unknown'))) STRICT;

CREATE INDEX document_states_list ON document_states (project_id, state, document_id);

CREATE INDEX document_states_latest ON document_states (project_id, changed_at) WHERE changed_by IS NOT NULL;

CREATE INDEX queue_imported ON document_states (project_id, state, document_id, room) WHERE room > 0;

CREATE INDEX queue_random ON document_states (project_id, state, shuffle) WHERE room > 0;

CREATE TABLE shared (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    document_id INTEGER NOT NULL UNIQUE REFERENCES documents (id),
    project_id  INTEGER NOT NULL REFERENCES projects (id),
    at          INTEGER NOT NULL,
    content     BLOB    NOT NULL -- see internal/agreement
) STRICT;

CREATE INDEX shared_of ON shared (project_id, id);

CREATE TABLE days (
    project_id   INTEGER NOT NULL REFERENCES projects (id),
    annotator_id INTEGER NOT NULL REFERENCES annotators (id),
    day          INTEGER NOT NULL, -- since 1970-01-01
    submitted    INTEGER NOT NULL, -- documents handed in for the first time
    active       INTEGER NOT NULL, -- milliseconds of work on documents
    PRIMARY KEY (project_id, annotator_id, day)
) STRICT, WITHOUT ROWID;

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

CREATE TRIGGER decisions_never_change BEFORE UPDATE ON decisions
BEGIN SELECT RAISE (ABORT, 'decisions are written once'); END;

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

CREATE INDEX document_states_review ON document_states (project_id, changed_at, document_id) WHERE state = 'review';

CREATE INDEX gold_adjudicated ON gold (project_id, id) WHERE basis = 'adjudicated';

CREATE INDEX annotations_passed ON annotations (project_id, id) WHERE status IN ('skipped', 'flagged');

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

CREATE UNIQUE INDEX releases_name ON releases (project_id, name);

CREATE TABLE release_gold (
    release_id  INTEGER NOT NULL REFERENCES releases (id),
    document_id INTEGER NOT NULL,
    gold_id     INTEGER NOT NULL REFERENCES gold (id),
    hash        BLOB    NOT NULL CHECK (length(hash) = 32), -- see internal/release
    PRIMARY KEY (release_id, document_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX release_gold_of ON release_gold (gold_id);

CREATE TRIGGER releases_never_change BEFORE UPDATE OF id, project_id, name, state, annotator_id, at, manifest ON releases WHEN OLD.state = 'done'
BEGIN SELECT RAISE (ABORT, 'a release is written once'); END;

CREATE TRIGGER releases_never_go BEFORE DELETE ON releases WHEN OLD.state = 'done'
BEGIN SELECT RAISE (ABORT, 'a release is never deleted'); END;

CREATE TRIGGER release_gold_never_changes BEFORE UPDATE ON release_gold
BEGIN SELECT RAISE (ABORT, 'a release is written once'); END;

CREATE TRIGGER release_gold_never_goes BEFORE DELETE ON release_gold WHEN (SELECT state FROM releases WHERE id = OLD.release_id) = 'done'
BEGIN SELECT RAISE (ABORT, 'a release is never deleted'); END;

CREATE TRIGGER release_gold_never_grows BEFORE INSERT ON release_gold WHEN (SELECT state FROM releases WHERE id = NEW.release_id) = 'done'
BEGIN SELECT RAISE (ABORT, 'a release is written once'); END;

CREATE TABLE "scores" (
    run_id      INTEGER NOT NULL REFERENCES runs (id),
    document_id INTEGER NOT NULL,
    gold_id     INTEGER NOT NULL,
    metrics     INTEGER NOT NULL,
    content     BLOB    NOT NULL,
    PRIMARY KEY (run_id, document_id, gold_id)
) STRICT, WITHOUT ROWID;

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

CREATE TRIGGER checks_never_change BEFORE UPDATE ON checks
BEGIN SELECT RAISE (ABORT, 'checks are written once'); END;

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

CREATE TABLE split_groups (
    project_id INTEGER NOT NULL REFERENCES projects (id),
    split      TEXT    NOT NULL, -- split.Name
    name       TEXT    NOT NULL,
    part       TEXT    NOT NULL,
    was        TEXT    NOT NULL DEFAULT '', -- the part before the last change
    first_at   INTEGER NOT NULL,
    PRIMARY KEY (project_id, split, name)
) STRICT, WITHOUT ROWID;

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

CREATE TRIGGER split_fixes_never_change BEFORE UPDATE ON split_fixes
BEGIN SELECT RAISE (ABORT, 'what people chose is written once'); END;

CREATE TRIGGER split_fixes_never_go BEFORE DELETE ON split_fixes
BEGIN SELECT RAISE (ABORT, 'what people chose is never deleted'); END;

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

CREATE TABLE vetoes (
    ruling_id   INTEGER NOT NULL REFERENCES rulings (id),
    document_id INTEGER NOT NULL REFERENCES documents (id),
    start       INTEGER NOT NULL, -- of the block or span
    PRIMARY KEY (ruling_id, document_id, start)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER rulings_never_change BEFORE UPDATE ON rulings
BEGIN SELECT RAISE (ABORT, 'what people settled is written once'); END;

CREATE TRIGGER rulings_never_go BEFORE DELETE ON rulings
BEGIN SELECT RAISE (ABORT, 'what people settled is never deleted'); END;

CREATE TRIGGER vetoes_never_change BEFORE UPDATE ON vetoes
BEGIN SELECT RAISE (ABORT, 'what people settled is written once'); END;

CREATE TRIGGER vetoes_never_go BEFORE DELETE ON vetoes
BEGIN SELECT RAISE (ABORT, 'what people settled is never deleted'); END;

CREATE TRIGGER chosen_once BEFORE UPDATE OF chosen ON document_states WHEN OLD.chosen <> '' AND NEW.chosen <> OLD.chosen
BEGIN SELECT RAISE (ABORT, 'how a document was chosen is written once'); END;

CREATE INDEX queue_doubt ON document_states (project_id, state, doubt DESC, shuffle) WHERE room > 0;

CREATE TABLE weighings (
    project_id  INTEGER PRIMARY KEY REFERENCES projects (id),
    model_id    INTEGER NOT NULL, -- 0 for none
    run_id      INTEGER NOT NULL, -- the newest that was done, 0 for none
    document_id INTEGER NOT NULL, -- the newest that was there
    at          INTEGER NOT NULL
) STRICT;

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
