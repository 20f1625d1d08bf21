-- NULL: its grant's scope; otherwise what a refresh narrowed it to, space-separated.
ALTER TABLE access_tokens ADD COLUMN scope TEXT;

-- One row for each family; the secret is that of its live token.
CREATE TABLE refresh_tokens (
    family_hash BLOB PRIMARY KEY CHECK (length(family_hash) = 32),
    secret_hash BLOB NOT NULL CHECK (length(secret_hash) = 32),
    code_hash BLOB NOT NULL UNIQUE REFERENCES grants (code_hash) ON DELETE CASCADE,
    client_id TEXT NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX refresh_tokens_by_expiry ON refresh_tokens (expires_at);
