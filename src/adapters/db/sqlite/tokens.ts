import type { DatabaseSync } from 'node:sqlite';
import type { MirrorId } from '../../../mirrors/mirror.ts';
import { quote } from '../../../oci/digest.ts';
import { SignpostError } from '../../../oci/errors.ts';
import { type StoredToken, type TokenRole, type Tokens, tokenLimit } from '../../../ports/tokens.ts';
import { addedToken, revokedToken } from '../audited-changes.ts';
import { createAuditWriter } from './audit-log.ts';
import { inTransaction } from './database.ts';
import { withDatabase } from './database-error.ts';

/** The tokens of the management API in the database. */
export function createSqliteTokens(database: DatabaseSync): Tokens {
  const forget = database.prepare('DELETE FROM tokens WHERE min(expires, coalesce(revoked, expires)) < ?');
  const count = database.prepare('SELECT count(*) AS count FROM tokens');
  const add = database.prepare('INSERT INTO tokens VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)');
  const find = database.prepare('SELECT * FROM tokens WHERE id = ?');
  const list = database.prepare('SELECT * FROM tokens ORDER BY created, id');
  const revoke = database.prepare(
    'UPDATE tokens SET revoked = ? WHERE id = ? AND revoked IS NULL RETURNING *',
  );
  const markUsed = database.prepare('UPDATE tokens SET last_used = ? WHERE id = ?');
  const writeAudit = createAuditWriter(database);
  return {
    add: async (token, forgetBefore, by) =>
      withDatabase('keep a token', () =>
        inTransaction(database, () => {
          forget.run(forgetBefore);
          if (Number(count.get()?.count) >= tokenLimit) throw tooManyTokens();
          const { id, hash, role, mirror, label, created, expires, revoked, lastUsed } = token;
          const times = [created, expires, revoked ?? null, lastUsed ?? null] as const;
          add.run(id, hash, role, mirror ?? null, label, ...times);
          writeAudit(by, addedToken(token));
        }),
      ),
    find: async (id) =>
      withDatabase('look for a token', () => {
        const row = find.get(id);
        return row === undefined ? undefined : readToken(row);
      }),
    list: async () => withDatabase('read the tokens', () => list.all().map(readToken)),
    revoke: async (id, by) =>
      withDatabase('revoke a token', () =>
        inTransaction(database, () => {
          const row = revoke.get(by.at, id);
          if (row !== undefined) writeAudit(by, revokedToken(readToken(row)));
          const kept = row ?? find.get(id);
          if (kept === undefined) throw noToken(id);
          return readToken(kept);
        }),
      ),
    markUsed: async (id, day) =>
      withDatabase('note the use of a token', () => {
        markUsed.run(day, id);
      }),
  };
}

export function tooManyTokens(): SignpostError {
  return new SignpostError('LIMIT_EXCEEDED', `there are ${tokenLimit} tokens already: revoke some`);
}

export function noToken(id: string): SignpostError {
  return new SignpostError('NOT_FOUND', `there is no token ${quote(id)}`);
}

/** Of either database. */
export function readToken(row: Record<string, unknown>): StoredToken {
  return {
    id: String(row.id),
    hash: Uint8Array.from(row.hash as Uint8Array),
    role: String(row.role) as TokenRole,
    ...(row.mirror === null ? {} : { mirror: Number(row.mirror) as MirrorId }),
    label: String(row.label),
    created: Number(row.created),
    expires: Number(row.expires),
    ...(row.revoked === null ? {} : { revoked: Number(row.revoked) }),
    ...(row.last_used === null ? {} : { lastUsed: Number(row.last_used) }),
  };
}
