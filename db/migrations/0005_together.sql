-- +goose Up

-- How several people label together: overlap, orders, rules. Absent fields are
-- the usual ones; see corpus.Settings.
ALTER TABLE projects ADD COLUMN settings TEXT NOT NULL DEFAULT '{}';
UPDATE projects SET settings = json_object('order', queue_order);
ALTER TABLE projects DROP COLUMN queue_order;

-- Documents above this id have not taken the settings yet; null where all have.
ALTER TABLE projects ADD COLUMN requeue_after INTEGER;

-- Who holds a document now. A lease that is over counts no more; the draft
-- that was made under it stays.
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

-- What was handed in, as it was: one row each time. The newest of an
-- annotation is what it says.
CREATE TABLE submissions (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    annotation_id INTEGER NOT NULL REFERENCES annotations (id),
    document_id   INTEGER NOT NULL REFERENCES documents (id),
    annotator_id  INTEGER NOT NULL REFERENCES annotators (id),
    at            INTEGER NOT NULL,
    content       TEXT    NOT NULL -- as gold.content
) STRICT;

CREATE INDEX submissions_of ON submissions (document_id, annotator_id, id);

-- +goose StatementBegin
CREATE TRIGGER submissions_never_change BEFORE UPDATE ON submissions
BEGIN SELECT RAISE (ABORT, 'submissions are written once'); END;
-- +goose StatementEnd

-- A correction starts from gold and becomes gold; a check and a practice are
-- compared with gold. None of them counts towards a document's overlap.
ALTER TABLE annotations ADD COLUMN purpose TEXT NOT NULL DEFAULT 'label' CHECK (purpose IN ('label', 'correction', 'check', 'practice'));
ALTER TABLE annotations ADD COLUMN project_id INTEGER NOT NULL DEFAULT 0;
ALTER TABLE annotations ADD COLUMN submitted_at INTEGER NOT NULL DEFAULT 0;
UPDATE annotations SET project_id = (SELECT project_id FROM documents WHERE id = document_id);
UPDATE annotations SET purpose = 'correction'
    WHERE EXISTS (SELECT 1 FROM gold g WHERE g.document_id = annotations.document_id AND g.at < annotations.opened_at);
INSERT INTO submissions (annotation_id, document_id, annotator_id, at, content)
    SELECT n.id, n.document_id, n.annotator_id, g.at, g.content
    FROM gold g JOIN annotations n ON n.document_id = g.document_id JOIN annotators a ON a.id = n.annotator_id
    WHERE g.annotators = json_array(a.name) AND n.status = 'submitted' ORDER BY g.id;
UPDATE annotations SET submitted_at = coalesce((SELECT max(at) FROM submissions WHERE annotation_id = annotations.id), 0);

CREATE INDEX annotations_by ON annotations (project_id, annotator_id, purpose, status);

-- What gold rests on, and who decided it where one person did.
ALTER TABLE gold ADD COLUMN basis TEXT NOT NULL DEFAULT 'single'
    CHECK (basis IN ('single', 'agreed', 'majority', 'adjudicated', 'corrected', 'imported'));
ALTER TABLE gold ADD COLUMN decided_by INTEGER REFERENCES annotators (id);

-- Two more states, and what the queue asks: how many people a document wants,
-- and how many more may take it now. room is kept by one function, settle.
CREATE TABLE states (
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
) STRICT;
INSERT INTO leases (document_id, annotator_id, project_id, purpose, until)
    SELECT document_id, holder, project_id, 'label', held_until FROM document_states WHERE holder IS NOT NULL AND state IN ('new', 'begun');
INSERT INTO states (document_id, project_id, state, shuffle, changed_at, changed_by, why, removed_from, room)
    SELECT document_id, project_id, state, shuffle, changed_at, changed_by, why, removed_from,
        CASE WHEN state IN ('new', 'begun', 'skipped') AND holder IS NULL THEN 1 ELSE 0 END FROM document_states;
DROP TABLE document_states;
ALTER TABLE states RENAME TO document_states;

CREATE INDEX document_states_list ON document_states (project_id, state, document_id);
CREATE INDEX document_states_latest ON document_states (project_id, changed_at) WHERE changed_by IS NOT NULL;
CREATE INDEX queue_imported ON document_states (project_id, state, document_id, room) WHERE room > 0;
CREATE INDEX queue_random ON document_states (project_id, state, shuffle) WHERE room > 0;
CREATE INDEX queue_doubt ON document_states (project_id, state, doubt DESC, document_id) WHERE room > 0;

-- What each document that several people labelled adds to agreement: a summary
-- of submissions, made when it is asked for. A new id marks a new summary;
-- empty content, that it must be made again.
CREATE TABLE shared (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    document_id INTEGER NOT NULL UNIQUE REFERENCES documents (id),
    project_id  INTEGER NOT NULL REFERENCES projects (id),
    at          INTEGER NOT NULL,
    content     BLOB    NOT NULL -- see internal/agreement
) STRICT;

CREATE INDEX shared_of ON shared (project_id, id);
INSERT INTO shared (document_id, project_id, at, content)
    SELECT n.document_id, n.project_id, max(n.submitted_at), x'' FROM annotations n
    WHERE n.purpose = 'label' AND n.status = 'submitted' AND n.submitted_at > 0 GROUP BY n.document_id HAVING count(*) > 1;

-- How much each person did on each day (UTC), counted with what they did.
CREATE TABLE days (
    project_id   INTEGER NOT NULL REFERENCES projects (id),
    annotator_id INTEGER NOT NULL REFERENCES annotators (id),
    day          INTEGER NOT NULL, -- since 1970-01-01
    submitted    INTEGER NOT NULL, -- documents handed in for the first time
    active       INTEGER NOT NULL, -- milliseconds of work on documents
    PRIMARY KEY (project_id, annotator_id, day)
) STRICT, WITHOUT ROWID;

INSERT INTO days (project_id, annotator_id, day, submitted, active)
    SELECT project_id, annotator_id, (SELECT min(at) FROM submissions WHERE annotation_id = n.id) / 86400000, count(*), 0
    FROM annotations n WHERE purpose = 'label' AND submitted_at > 0 GROUP BY 1, 2, 3;
