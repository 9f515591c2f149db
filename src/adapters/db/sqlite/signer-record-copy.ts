import { DatabaseSync } from 'node:sqlite';
import { parseDigest } from '../../../oci/digest.ts';
import { SignpostError } from '../../../oci/errors.ts';
import type { SignedTag } from '../../../ports/signer-record.ts';
import { statIfThere } from '../../files/atomic-file.ts';

/** What a signer's record says, of which a copy was brought here. */
export interface SignerRecordCopy {
  /** The highest serial of a request that was signed. */
  readonly serial: number;
  readonly tags: readonly SignedTag[];
}

/**
 * Reads a copy of a signer's record, and changes nothing in it.
 * @throws SignpostError NOT_FOUND, STORAGE
 */
export function readSignerRecordCopy(path: string): SignerRecordCopy {
  if (statIfThere(path) === undefined) throw new SignpostError('NOT_FOUND', `there is no file ${path}`);
  try {
    const database = new DatabaseSync(path, { readOnly: true, timeout: 5000 });
    try {
      const row = database
        .prepare('SELECT coalesce(max(serial), 0) AS serial FROM signed_repositories')
        .get();
      const tags = database.prepare('SELECT reference, list, serial, signed FROM signed_tags').all();
      return {
        serial: Number(row?.serial),
        tags: tags.map(({ reference, list, serial, signed }) => ({
          reference: String(reference),
          list: parseDigest(list),
          serial: Number(serial),
          signed: Number(signed),
        })),
      };
    } finally {
      database.close();
    }
  } catch (cause) {
    throw new SignpostError('STORAGE', `${path} is no signer's record: ${(cause as Error).message}`, {
      cause,
    });
  }
}
