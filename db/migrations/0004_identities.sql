-- +goose Up

-- Accounts elsewhere, at OpenID providers, with which people sign in. Issuer
-- and subject name one for good; the label is only how it is called there.
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

-- What a token lets do, as names with a space between; a token without any is
-- good for nothing.
ALTER TABLE tokens ADD COLUMN scopes TEXT NOT NULL DEFAULT '';
ALTER TABLE tokens ADD COLUMN expires_at INTEGER; -- NULL: never
ALTER TABLE tokens ADD COLUMN used_at INTEGER NOT NULL DEFAULT 0;

-- Tokens that were made before there were scopes could do everything.
UPDATE tokens SET scopes = 'read runs import labels manage';
