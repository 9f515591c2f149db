/** What the management API keeps: tokens, and who changed what. Never edited once released: see migrations. */
export const adminTables = `
  CREATE TABLE tokens (
    id TEXT PRIMARY KEY,
    hash BLOB NOT NULL,
    role TEXT NOT NULL,
    mirror INTEGER,
    label TEXT NOT NULL,
    created INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    revoked INTEGER,
    last_used INTEGER
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE audit_log (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    who TEXT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    before TEXT,
    after TEXT
  ) STRICT;
  CREATE TRIGGER audit_log_kept BEFORE UPDATE ON audit_log BEGIN
    SELECT raise(ABORT, 'the record of changes is never changed');
  END;
  CREATE TRIGGER audit_log_whole BEFORE DELETE ON audit_log BEGIN
    SELECT raise(ABORT, 'nothing is removed from the record of changes');
  END;
  `;
