import { parseDigest } from '../../../oci/digest.ts';
import type { ReceivedSignatures } from '../../../ports/received-signatures.ts';
import type { SignatureFormat } from '../../../trust/signature-format.ts';
import { type Database, run, runEach } from '../database.ts';

export function createReceivedSignatures(database: Database): ReceivedSignatures {
  return {
    async list({ repository, tag, list, serial }) {
      const rows = await database.read(
        'read received signatures',
        `SELECT format, digest, fingerprint, signature FROM received_signatures
         WHERE repository = $1 AND tag = $2 AND list = $3 AND serial = $4 ORDER BY format, fingerprint, digest`,
        [repository, tag, list, serial],
      );
      return rows.map((row) => ({
        format: row.format as SignatureFormat,
        digest: parseDigest(row.digest),
        fingerprint: String(row.fingerprint),
        signature: row.signature as Uint8Array,
      }));
    },
    put: ({ repository, tag, list, serial }, signatures) =>
      database.note('keep received signatures', function* () {
        yield* run(
          'DELETE FROM received_signatures WHERE repository = $1 AND tag = $2 AND (list <> $3 OR serial < $4)',
          [repository, tag, list, serial],
        );
        yield* runEach(
          `INSERT INTO received_signatures VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
           ON CONFLICT (repository, tag, serial, format, digest, fingerprint)
           DO UPDATE SET signature = excluded.signature, list = excluded.list`,
          signatures.map(({ format, digest, fingerprint, signature }) => [
            repository,
            tag,
            list,
            serial,
            format,
            digest,
            fingerprint,
            signature,
          ]),
        );
      }),
    remove: (repository, tag) =>
      database.note('forget received signatures', function* () {
        yield* run('DELETE FROM received_signatures WHERE repository = $1 AND tag = $2', [repository, tag]);
      }),
  };
}
