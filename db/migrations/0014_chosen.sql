-- +goose Up

-- Why a document was labelled and not another: written down once, when it is
-- first handed out or begun.
ALTER TABLE document_states ADD COLUMN chosen TEXT NOT NULL DEFAULT '' -- '' is not handed out yet
    CHECK (chosen IN ('', 'lot', 'doubt', 'order', 'hand', 'import', 'unknown'));
UPDATE document_states SET chosen = CASE
    WHEN EXISTS (SELECT 1 FROM annotations n WHERE n.document_id = document_states.document_id AND n.purpose = 'label') THEN 'unknown'
    WHEN EXISTS (SELECT 1 FROM leases l WHERE l.document_id = document_states.document_id AND l.purpose = 'label') THEN 'unknown'
    WHEN EXISTS (SELECT 1 FROM gold g WHERE g.document_id = document_states.document_id) THEN 'import'
    ELSE '' END;

-- +goose StatementBegin
CREATE TRIGGER chosen_once BEFORE UPDATE OF chosen ON document_states WHEN OLD.chosen <> '' AND NEW.chosen <> OLD.chosen
BEGIN SELECT RAISE (ABORT, 'how a document was chosen is written once'); END;
-- +goose StatementEnd

-- doubt is weighed by other sources now, and counts in millionths: the next
-- page that is opened has it weighed anew. Where nothing is known, the lot decides.
UPDATE document_states SET doubt = 0 WHERE doubt <> 0;
DROP INDEX queue_doubt;
CREATE INDEX queue_doubt ON document_states (project_id, state, doubt DESC, shuffle) WHERE room > 0;

-- What the doubt of a project's documents was last weighed by. Where there is
-- something newer, it is weighed anew.
CREATE TABLE weighings (
    project_id  INTEGER PRIMARY KEY REFERENCES projects (id),
    model_id    INTEGER NOT NULL, -- 0 for none
    run_id      INTEGER NOT NULL, -- the newest that was done, 0 for none
    document_id INTEGER NOT NULL, -- the newest that was there
    at          INTEGER NOT NULL
) STRICT;
