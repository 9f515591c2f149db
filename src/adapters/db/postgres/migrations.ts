/**
 * One entry for each version of the tables. Entries are only ever added. Digests are the 32 bytes of a SHA-256. Names
 * have the collation "C", so that they are sorted by code point, as everywhere else.
 */
export const migrations: readonly string[] = [
  `
  CREATE TABLE data_version (
    only_row BOOLEAN PRIMARY KEY DEFAULT TRUE CHECK (only_row),
    value BIGINT NOT NULL
  );
  INSERT INTO data_version VALUES (TRUE, 0);
  CREATE TABLE repositories (
    id INTEGER GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name TEXT COLLATE "C" NOT NULL UNIQUE,
    serial BIGINT NOT NULL
  );
  CREATE TABLE tags (
    repository INTEGER NOT NULL REFERENCES repositories,
    tag TEXT COLLATE "C" NOT NULL,
    list BYTEA NOT NULL,
    request_serial BIGINT NOT NULL,
    expires BIGINT NOT NULL,
    PRIMARY KEY (repository, tag)
  );
  CREATE TABLE manifests (
    repository INTEGER NOT NULL REFERENCES repositories,
    digest BYTEA NOT NULL,
    media_type TEXT NOT NULL,
    size BIGINT NOT NULL,
    subject BYTEA,
    artifact_type TEXT,
    annotations TEXT,
    PRIMARY KEY (repository, digest)
  );
  CREATE INDEX manifests_by_subject ON manifests (repository, subject) WHERE subject IS NOT NULL;
  CREATE TABLE blobs (
    repository INTEGER NOT NULL REFERENCES repositories,
    digest BYTEA NOT NULL,
    size BIGINT NOT NULL,
    serial BIGINT NOT NULL,
    PRIMARY KEY (repository, digest)
  );
  CREATE INDEX blobs_by_digest ON blobs (digest);
  CREATE TABLE publications (
    serial BIGINT PRIMARY KEY,
    published BIGINT NOT NULL
  );
  CREATE TABLE staged_images (
    repository TEXT COLLATE "C" NOT NULL,
    tag TEXT COLLATE "C" NOT NULL,
    list TEXT NOT NULL,
    staged BIGINT NOT NULL,
    reason TEXT,
    PRIMARY KEY (repository, tag)
  );
  CREATE TABLE counters (
    name TEXT PRIMARY KEY,
    value BIGINT NOT NULL
  );
  CREATE TABLE issued_requests (
    serial BIGINT PRIMARY KEY,
    digest BYTEA NOT NULL
  );
  CREATE TABLE received_signatures (
    repository TEXT COLLATE "C" NOT NULL,
    tag TEXT COLLATE "C" NOT NULL,
    list TEXT NOT NULL,
    serial BIGINT NOT NULL,
    format TEXT COLLATE "C" NOT NULL,
    digest TEXT COLLATE "C" NOT NULL,
    fingerprint TEXT COLLATE "C" NOT NULL,
    signature BYTEA NOT NULL,
    PRIMARY KEY (repository, tag, serial, format, digest, fingerprint)
  );
  CREATE TABLE mirrors (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name TEXT COLLATE "C" NOT NULL UNIQUE,
    description TEXT NOT NULL
  );
  CREATE TABLE mirror_states (
    mirror BIGINT PRIMARY KEY REFERENCES mirrors ON DELETE CASCADE,
    state TEXT NOT NULL
  );
  CREATE TABLE mirror_events (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    mirror BIGINT NOT NULL REFERENCES mirrors ON DELETE CASCADE,
    at BIGINT NOT NULL,
    kind TEXT NOT NULL,
    detail TEXT NOT NULL
  );
  CREATE INDEX mirror_events_by_mirror ON mirror_events (mirror, id);
  CREATE TABLE statistics (
    day TEXT COLLATE "C" NOT NULL,
    dimension TEXT NOT NULL,
    value TEXT COLLATE "C" NOT NULL,
    pulls BIGINT NOT NULL,
    blobs BIGINT NOT NULL,
    bytes BIGINT NOT NULL,
    PRIMARY KEY (dimension, day, value)
  );
  CREATE TABLE propagation (
    serial BIGINT NOT NULL,
    at BIGINT NOT NULL,
    holding BIGINT NOT NULL,
    mirrors BIGINT NOT NULL,
    PRIMARY KEY (serial, at)
  );
  `,
  `
  CREATE TABLE tokens (
    id TEXT PRIMARY KEY,
    hash BYTEA NOT NULL,
    role TEXT NOT NULL,
    mirror BIGINT,
    label TEXT NOT NULL,
    created BIGINT NOT NULL,
    expires BIGINT NOT NULL,
    revoked BIGINT,
    last_used BIGINT
  );
  CREATE TABLE audit_log (
    number BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at BIGINT NOT NULL,
    who TEXT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    before TEXT,
    after TEXT
  );
  CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'the record of changes is never changed'; END $$;
  CREATE TRIGGER audit_log_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
  `,
  `
  CREATE TABLE webhook_told (
    mirror BIGINT PRIMARY KEY REFERENCES mirrors ON DELETE CASCADE,
    healthy BOOLEAN NOT NULL,
    at BIGINT NOT NULL
  );
  CREATE TABLE webhook_messages (
    number BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    mirror BIGINT NOT NULL REFERENCES mirrors ON DELETE CASCADE,
    receiver TEXT NOT NULL,
    body TEXT NOT NULL
  );
  `,
  `
  ALTER TABLE staged_images ADD COLUMN referrers TEXT;
  `,
];
