import type { MirrorId } from '../../../mirrors/mirror.ts';
import { quote } from '../../../oci/digest.ts';
import { SignpostError } from '../../../oci/errors.ts';
import { type StoredToken, type TokenRole, type Tokens, tokenLimit } from '../../../ports/tokens.ts';
import { type Database, type Row, run } from '../database.ts';
import { writeAudit } from './audit-log.ts';
import { addedToken, revokedToken } from './audited-changes.ts';

const find = 'SELECT * FROM tokens WHERE id = $1';

/** The tokens of the management API in the database. */
export function createTokens(database: Database): Tokens {
  return {
    // As a write that others notice, since those run one after the other: two must not both be the last.
    add: (token, forgetBefore, by) =>
      database.write('keep a token', function* () {
        yield* run('DELETE FROM tokens WHERE expires < $1 OR revoked < $1', [forgetBefore]);
        const [row] = yield* run('SELECT count(*) AS count FROM tokens');
        if (Number(row?.count) >= tokenLimit) throw tooManyTokens();
        const { id, hash, role, mirror, label, created, expires, revoked, lastUsed } = token;
        const times = [created, expires, revoked ?? null, lastUsed ?? null];
        const values = [id, hash, role, mirror ?? null, label, ...times];
        yield* run('INSERT INTO tokens VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)', values);
        yield* writeAudit(by, [addedToken(token)]);
      }),
    async find(id) {
      const [row] = await database.read('look for a token', find, [id]);
      return row === undefined ? undefined : readToken(row);
    },
    async list() {
      const sql = 'SELECT * FROM tokens ORDER BY created, id';
      return (await database.read('read the tokens', sql)).map(readToken);
    },
    revoke: (id, by) =>
      database.note('revoke a token', function* () {
        const sql = 'UPDATE tokens SET revoked = $1 WHERE id = $2 AND revoked IS NULL RETURNING *';
        const [row] = yield* run(sql, [by.at, id]);
        if (row !== undefined) yield* writeAudit(by, [revokedToken(readToken(row))]);
        const [kept] = yield* run(find, [id]);
        if (kept === undefined) throw noToken(id);
        return readToken(kept);
      }),
    markUsed: (id, day) =>
      database.note('note the use of a token', function* () {
        yield* run('UPDATE tokens SET last_used = $1 WHERE id = $2', [day, id]);
      }),
  };
}

function tooManyTokens(): SignpostError {
  return new SignpostError('LIMIT_EXCEEDED', `there are ${tokenLimit} tokens already: revoke some`);
}

function noToken(id: string): SignpostError {
  return new SignpostError('NOT_FOUND', `there is no token ${quote(id)}`);
}

function readToken(row: Row): StoredToken {
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
