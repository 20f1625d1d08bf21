-- Sealed columns hold what `keys.vault` sealed, bound to their table, column and row. Times are UTC seconds.

CREATE TABLE meta (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;

CREATE TABLE configurations (
    configuration_id TEXT PRIMARY KEY,
    settings TEXT NOT NULL CHECK (json_valid(settings)),
    signing_key BLOB NOT NULL,                              -- sealed
    previous_signing_key BLOB                               -- sealed
) STRICT;

CREATE TABLE clients (
    client_id TEXT PRIMARY KEY,
    settings TEXT NOT NULL CHECK (json_valid(settings)),
    secret_hashes BLOB NOT NULL CHECK (length(secret_hashes) % 32 = 0)
) STRICT;

CREATE TABLE signing_keys (
    kid TEXT PRIMARY KEY,
    alg TEXT NOT NULL,
    private_pem BLOB NOT NULL,                              -- sealed
    certificate_der BLOB NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE transactions (
    handle TEXT PRIMARY KEY,
    browser_hash BLOB NOT NULL CHECK (length(browser_hash) = 32),
    configuration_id TEXT NOT NULL,
    request BLOB,                                           -- sealed
    invitation_hash BLOB CHECK (length(invitation_hash) = 32),
    identifier BLOB,                                        -- sealed
    state TEXT NOT NULL CHECK (state IN ('created', 'verifying', 'deciding', 'granted', 'refused', 'expired')),
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    external_id TEXT,
    enrolment TEXT CHECK (enrolment IN ('first_use', 'vouched', 'invite')),
    lease_until INTEGER,
    failure TEXT,
    CHECK ((request IS NULL) <> (invitation_hash IS NULL)),
    CHECK ((state = 'deciding') = (lease_until IS NOT NULL)),
    CHECK (state NOT IN ('verifying', 'deciding', 'granted') OR external_id IS NOT NULL)
) STRICT;
CREATE INDEX transactions_by_expiry ON transactions (expires_at);

CREATE TABLE grants (
    code_hash BLOB PRIMARY KEY CHECK (length(code_hash) = 32),
    handle TEXT NOT NULL UNIQUE,
    client_id TEXT NOT NULL,
    redirect_uri TEXT NOT NULL,
    code_challenge TEXT,
    content BLOB NOT NULL,                                  -- sealed: the grant as JSON
    expires_at INTEGER NOT NULL,
    taken_at INTEGER
) STRICT;
CREATE INDEX grants_by_expiry ON grants (expires_at);

CREATE TABLE access_tokens (
    token_hash BLOB PRIMARY KEY CHECK (length(token_hash) = 32),
    code_hash BLOB NOT NULL REFERENCES grants (code_hash) ON DELETE CASCADE,
    client_id TEXT NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX access_tokens_by_code ON access_tokens (code_hash);
CREATE INDEX access_tokens_by_expiry ON access_tokens (expires_at);

-- A retired subject keeps its sub, which is never given to anybody else, and loses its identifier.
CREATE TABLE subjects (
    configuration_id TEXT NOT NULL,
    external_id TEXT NOT NULL,
    identifier_lookup BLOB,                                 -- keyed HMAC
    identifier BLOB,                                        -- sealed
    sub TEXT NOT NULL UNIQUE,
    created_at INTEGER NOT NULL,
    retired_at INTEGER,
    PRIMARY KEY (configuration_id, external_id),
    CHECK ((identifier_lookup IS NULL) = (identifier IS NULL)),
    CHECK ((identifier IS NULL) = (retired_at IS NOT NULL))
) STRICT;
CREATE UNIQUE INDEX subjects_by_identifier ON subjects (configuration_id, identifier_lookup);

CREATE TABLE invitations (
    invitation_hash BLOB PRIMARY KEY CHECK (length(invitation_hash) = 32),
    configuration_id TEXT NOT NULL,
    identifier_lookup BLOB NOT NULL,                        -- keyed HMAC
    identifier BLOB NOT NULL,                               -- sealed
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at INTEGER
) STRICT;

CREATE TABLE sessions (
    session_id TEXT PRIMARY KEY,
    nonce TEXT NOT NULL UNIQUE,
    configuration_id TEXT NOT NULL,
    browser_hash BLOB NOT NULL CHECK (length(browser_hash) = 32),
    external_id TEXT NOT NULL,
    enrolment TEXT CHECK (enrolment IN ('first_use', 'vouched', 'invite')),
    custom BLOB NOT NULL,                                   -- sealed: the caller's own, whatever they are
    state TEXT NOT NULL CHECK (state IN ('consent', 'capture', 'passed', 'failed')),
    captures INTEGER NOT NULL CHECK (captures >= 0),
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    result TEXT CHECK (result IS NULL OR json_valid(result)),
    CHECK ((state IN ('passed', 'failed')) = (result IS NOT NULL))
) STRICT;
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

-- Kept after the session: the record that consent was asked for, and answered.
CREATE TABLE consents (
    session_id TEXT PRIMARY KEY,
    configuration_id TEXT NOT NULL,
    external_id TEXT NOT NULL,
    accepted INTEGER NOT NULL CHECK (accepted IN (0, 1)),
    text_version TEXT NOT NULL,
    text_sha256 TEXT NOT NULL CHECK (length(text_sha256) = 64),
    locale TEXT NOT NULL,
    at INTEGER NOT NULL
) STRICT;
CREATE INDEX consents_by_person ON consents (configuration_id, external_id);

-- One random key for each person in a collection: deleting it erases every template sealed under it.
CREATE TABLE person_keys (
    configuration_id TEXT NOT NULL,
    external_id TEXT NOT NULL,
    wrapped BLOB NOT NULL,                                  -- sealed
    PRIMARY KEY (configuration_id, external_id)
) STRICT;

CREATE TABLE templates (
    template_id TEXT PRIMARY KEY,
    configuration_id TEXT NOT NULL,
    external_id TEXT NOT NULL,
    vector BLOB NOT NULL,                                   -- sealed under the person's key
    model_sha256 TEXT NOT NULL,
    recipe_id TEXT NOT NULL,
    provenance TEXT NOT NULL CHECK (provenance IN ('first_use', 'vouched', 'invite')),
    session_id TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    pending_until INTEGER,                                  -- NULL: active
    FOREIGN KEY (configuration_id, external_id)
        REFERENCES person_keys (configuration_id, external_id) ON DELETE CASCADE
) STRICT;
CREATE UNIQUE INDEX templates_one_active ON templates (configuration_id, external_id) WHERE pending_until IS NULL;
CREATE UNIQUE INDEX templates_one_pending ON templates (session_id) WHERE pending_until IS NOT NULL;
CREATE INDEX templates_by_person ON templates (configuration_id, external_id);
CREATE INDEX templates_by_lapse ON templates (pending_until) WHERE pending_until IS NOT NULL;

-- Each template once, at its latest change; what is here and not in templates went away.
CREATE TABLE template_changes (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    configuration_id TEXT NOT NULL,
    template_id TEXT NOT NULL UNIQUE
) STRICT;
CREATE INDEX template_changes_by_collection ON template_changes (configuration_id, sequence);
