-- Whose a grant is: erasing a person ends it. A grant that nobody can be found for is of no use to anybody.
ALTER TABLE grants ADD COLUMN configuration_id TEXT;
ALTER TABLE grants ADD COLUMN external_id TEXT;
UPDATE grants SET (configuration_id, external_id) =
    (SELECT t.configuration_id, t.external_id FROM transactions t WHERE t.handle = grants.handle);
DELETE FROM grants WHERE external_id IS NULL;
CREATE INDEX grants_by_person ON grants (configuration_id, external_id);

-- NULL: it decided no sign-in since it was enrolled.
ALTER TABLE templates ADD COLUMN last_used_at INTEGER;

-- The record of each erasure; it names nobody. Its mark is also in the ledger outside this file.
CREATE TABLE erasures (
    receipt_id TEXT PRIMARY KEY,
    scope TEXT NOT NULL CHECK (scope IN ('biometric', 'person')),
    through INTEGER NOT NULL,
    mark BLOB NOT NULL CHECK (length(mark) = 32),
    configuration_id TEXT,
    external_id TEXT,
    sub TEXT,
    erased_at INTEGER NOT NULL,
    templates INTEGER NOT NULL,
    person_key TEXT,
    wrapped_under TEXT,
    ended TEXT NOT NULL CHECK (json_valid(ended)),
    sequence INTEGER NOT NULL,
    confirmed_at INTEGER
) STRICT;
CREATE INDEX erasures_by_person ON erasures (configuration_id, external_id);

-- Processes that hold templates in memory, and how far each has followed template_changes.
CREATE TABLE replicas (
    replica_id TEXT PRIMARY KEY,
    applied INTEGER NOT NULL,
    seen_at INTEGER NOT NULL
) STRICT;
