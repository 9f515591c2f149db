import { parseDigest } from '../../../oci/digest.ts';
import { parseRepositoryName, parseTagName } from '../../../oci/reference.ts';
import type { StagedImage, StagedImages } from '../../../ports/staged-images.ts';
import type { PostgresDatabase, Row } from './database.ts';

export function createPostgresStagedImages(database: PostgresDatabase): StagedImages {
  return {
    async list() {
      const sql = 'SELECT * FROM staged_images ORDER BY repository, tag';
      return (await database.read('read the staged images', sql)).map(readRow);
    },
    put: (image) =>
      database.write('remember a staged image', async (query) => {
        await query(
          `INSERT INTO staged_images VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (repository, tag) DO UPDATE
           SET list = excluded.list, staged = excluded.staged, reason = excluded.reason, referrers = excluded.referrers`,
          [
            image.repository,
            image.tag,
            image.list,
            image.staged,
            image.reason ?? null,
            image.referrers ?? null,
          ],
        );
      }),
    remove: (repository, tag) =>
      database.write('forget a staged image', async (query) => {
        await query('DELETE FROM staged_images WHERE repository = $1 AND tag = $2', [repository, tag]);
      }),
    nextRequestSerial: () =>
      database.note('number a signing request', async (query) => {
        const { rows } = await query(
          `INSERT INTO counters VALUES ('request_serial', 1)
           ON CONFLICT (name) DO UPDATE SET value = counters.value + 1 RETURNING value`,
        );
        return Number(rows[0]?.value);
      }),
  };
}

function readRow(row: Row): StagedImage {
  return {
    repository: parseRepositoryName(String(row.repository)),
    tag: parseTagName(String(row.tag)),
    list: parseDigest(row.list),
    staged: Number(row.staged),
    ...(row.referrers === null ? {} : { referrers: parseDigest(row.referrers) }),
    ...(typeof row.reason === 'string' ? { reason: row.reason } : {}),
  };
}
