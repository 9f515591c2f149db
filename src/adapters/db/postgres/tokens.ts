import { type Tokens, tokenLimit } from '../../../ports/tokens.ts';
import { addedToken, revokedToken } from '../audited-changes.ts';
import { noToken, readToken, tooManyTokens } from '../sqlite/tokens.ts';
import { writeAudit } from './audit-log.ts';
import type { PostgresDatabase } from './database.ts';

/** The tokens of the management API in the database. */
export function createPostgresTokens(database: PostgresDatabase): Tokens {
  return {
    // As a write that others notice, since those run one after the other: two must not both be the last.
    add: (token, forgetBefore, by) =>
      database.write('keep a token', async (query) => {
        await query('DELETE FROM tokens WHERE least(expires, revoked) < $1', [forgetBefore]);
        const { rows } = await query('SELECT count(*) AS count FROM tokens');
        if (Number(rows[0]?.count) >= tokenLimit) throw tooManyTokens();
        const { id, hash, role, mirror, label, created, expires, revoked, lastUsed } = token;
        await query('INSERT INTO tokens VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)', [
          id,
          Buffer.from(hash),
          role,
          mirror ?? null,
          label,
          created,
          expires,
          revoked ?? null,
          lastUsed ?? null,
        ]);
        await writeAudit(query, by, addedToken(token));
      }),
    async find(id) {
      const [row] = await database.read('look for a token', 'SELECT * FROM tokens WHERE id = $1', [id]);
      return row === undefined ? undefined : readToken(row);
    },
    async list() {
      const sql = 'SELECT * FROM tokens ORDER BY created, id';
      return (await database.read('read the tokens', sql)).map(readToken);
    },
    revoke: (id, by) =>
      database.note('revoke a token', async (query) => {
        const sql = 'UPDATE tokens SET revoked = $1 WHERE id = $2 AND revoked IS NULL RETURNING *';
        const [row] = (await query(sql, [by.at, id])).rows;
        if (row !== undefined) await writeAudit(query, by, revokedToken(readToken(row)));
        const kept = row ?? (await query('SELECT * FROM tokens WHERE id = $1', [id])).rows[0];
        if (kept === undefined) throw noToken(id);
        return readToken(kept);
      }),
    markUsed: (id, day) =>
      database.note('note the use of a token', async (query) => {
        await query('UPDATE tokens SET last_used = $1 WHERE id = $2', [day, id]);
      }),
  };
}
