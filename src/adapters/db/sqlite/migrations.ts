import { adminTables } from './admin-tables.ts';

/** One entry for each version of the tables. Entries are only ever added. Digests are the 32 bytes of a SHA-256. */
export const migrations: readonly string[] = [
  `
  CREATE TABLE repositories (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    serial INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE tags (
    repository INTEGER NOT NULL REFERENCES repositories,
    tag TEXT NOT NULL,
    list BLOB NOT NULL,
    request_serial INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    PRIMARY KEY (repository, tag)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE manifests (
    repository INTEGER NOT NULL REFERENCES repositories,
    digest BLOB NOT NULL,
    media_type TEXT NOT NULL,
    size INTEGER NOT NULL,
    subject BLOB,
    artifact_type TEXT,
    annotations TEXT,
    PRIMARY KEY (repository, digest)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE blobs (
    repository INTEGER NOT NULL REFERENCES repositories,
    digest BLOB NOT NULL,
    size INTEGER NOT NULL,
    serial INTEGER NOT NULL,
    PRIMARY KEY (repository, digest)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX blobs_by_digest ON blobs (digest);
  CREATE TABLE publications (
    serial INTEGER PRIMARY KEY,
    published INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE staged_images (
    repository TEXT NOT NULL,
    tag TEXT NOT NULL,
    list TEXT NOT NULL,
    staged INTEGER NOT NULL,
    reason TEXT,
    PRIMARY KEY (repository, tag)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE counters (
    name TEXT PRIMARY KEY,
    value INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE mirrors (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    description TEXT NOT NULL
  ) STRICT;
  `,
  `
  CREATE TABLE received_signatures (
    repository TEXT NOT NULL,
    tag TEXT NOT NULL,
    list TEXT NOT NULL,
    serial INTEGER NOT NULL,
    digest TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    signature BLOB NOT NULL,
    PRIMARY KEY (repository, tag, serial, digest, fingerprint)
  ) STRICT, WITHOUT ROWID;
  `,
  `
  CREATE TABLE mirror_states (
    mirror INTEGER PRIMARY KEY REFERENCES mirrors ON DELETE CASCADE,
    state TEXT NOT NULL
  ) STRICT;
  `,
  `
  DROP TABLE received_signatures;
  CREATE TABLE received_signatures (
    repository TEXT NOT NULL,
    tag TEXT NOT NULL,
    list TEXT NOT NULL,
    serial INTEGER NOT NULL,
    format TEXT NOT NULL,
    digest TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    signature BLOB NOT NULL,
    PRIMARY KEY (repository, tag, serial, format, digest, fingerprint)
  ) STRICT, WITHOUT ROWID;
  `,
  `
  CREATE INDEX manifests_by_subject ON manifests (repository, subject) WHERE subject IS NOT NULL;
  `,
  `
  CREATE TABLE issued_requests (
    serial INTEGER PRIMARY KEY,
    digest BLOB NOT NULL
  ) STRICT;
  `,
  // Mirrors have a kind, several URLs, excluded countries and the operator's approval.
  `
  UPDATE mirrors SET description = json_remove(
    json_set(
      description,
      '$.kind', iif(json_extract(description, '$.private'), 'private', 'public'),
      '$.urls', json_array(json_extract(description, '$.url')),
      '$.exceptCountries', json('[]'),
      '$.approved', json('true')
    ),
    '$.private', '$.url'
  ) WHERE json_valid(description);
  `,
  `
  CREATE TABLE mirror_events (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    mirror INTEGER NOT NULL REFERENCES mirrors ON DELETE CASCADE,
    at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    detail TEXT NOT NULL
  ) STRICT;
  CREATE INDEX mirror_events_by_mirror ON mirror_events (mirror, id);
  `,
  `
  CREATE TABLE statistics (
    day TEXT NOT NULL,
    dimension TEXT NOT NULL,
    value TEXT NOT NULL,
    pulls INTEGER NOT NULL,
    blobs INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    PRIMARY KEY (dimension, day, value)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE propagation (
    serial INTEGER NOT NULL,
    at INTEGER NOT NULL,
    holding INTEGER NOT NULL,
    mirrors INTEGER NOT NULL,
    PRIMARY KEY (serial, at)
  ) STRICT, WITHOUT ROWID;
  `,
  adminTables,
  `
  CREATE INDEX repositories_by_serial ON repositories (serial);
  `,
  `
  CREATE TABLE webhook_told (
    mirror INTEGER PRIMARY KEY REFERENCES mirrors ON DELETE CASCADE,
    healthy INTEGER NOT NULL,
    at INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE webhook_messages (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    mirror INTEGER NOT NULL REFERENCES mirrors ON DELETE CASCADE,
    receiver TEXT NOT NULL,
    body TEXT NOT NULL
  ) STRICT;
  `,
  `
  ALTER TABLE staged_images ADD COLUMN referrers TEXT;
  `,
];
