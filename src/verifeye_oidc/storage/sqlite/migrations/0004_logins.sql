-- OP sessions; the table `sessions` belongs to the verification service.
CREATE TABLE logins (
    login_hash BLOB PRIMARY KEY CHECK (length(login_hash) = 32),
    configuration_id TEXT NOT NULL,
    external_id TEXT NOT NULL,
    outcome BLOB NOT NULL,                                  -- sealed: what was verified, as JSON
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX logins_by_person ON logins (configuration_id, external_id);
CREATE INDEX logins_by_expiry ON logins (expires_at);
