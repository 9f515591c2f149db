import type { DatabaseSync } from 'node:sqlite';
import { parseDigest } from '../../../oci/digest.ts';
import type { SignatureFormat } from '../../../trust/signature-format.ts';
import type { ReceivedSignatures } from '../../../ports/received-signatures.ts';
import { withDatabase } from './database-error.ts';
import { inTransaction } from './database.ts';

export function createSqliteReceivedSignatures(database: DatabaseSync): ReceivedSignatures {
  const list = database.prepare(
    `SELECT format, digest, fingerprint, signature FROM received_signatures
     WHERE repository = ? AND tag = ? AND list = ? AND serial = ? ORDER BY format, fingerprint, digest`,
  );
  const forget = database.prepare(
    'DELETE FROM received_signatures WHERE repository = ? AND tag = ? AND (list <> ? OR serial < ?)',
  );
  const put = database.prepare('INSERT OR REPLACE INTO received_signatures VALUES (?, ?, ?, ?, ?, ?, ?, ?)');
  const remove = database.prepare('DELETE FROM received_signatures WHERE repository = ? AND tag = ?');
  return {
    list: ({ repository, tag, list: digest, serial }) =>
      withDatabase('read received signatures', () =>
        list
          .all(repository, tag, digest, serial)
          .map((row) => ({
            format: row.format as SignatureFormat,
            digest: parseDigest(row.digest),
            fingerprint: String(row.fingerprint),
            signature: row.signature as Uint8Array,
          })),
      ),
    put: ({ repository, tag, list: digest, serial }, signatures) =>
      withDatabase('keep received signatures', () => {
        inTransaction(database, () => {
          forget.run(repository, tag, digest, serial);
          for (const item of signatures) {
            const { format, fingerprint, signature } = item;
            put.run(repository, tag, digest, serial, format, item.digest, fingerprint, signature);
          }
        });
      }),
    remove: (repository, tag) =>
      withDatabase('forget received signatures', () => {
        remove.run(repository, tag);
      }),
  };
}
