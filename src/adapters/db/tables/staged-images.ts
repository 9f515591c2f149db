import { parseDigest } from '../../../oci/digest.ts';
import { parseRepositoryName, parseTagName } from '../../../oci/reference.ts';
import type { StagedImage, StagedImages } from '../../../ports/staged-images.ts';
import { type Database, type Row, run } from '../database.ts';

export function createStagedImages(database: Database): StagedImages {
  return {
    async list() {
      const sql = 'SELECT * FROM staged_images ORDER BY repository, tag';
      return (await database.read('read the staged images', sql)).map(readImage);
    },
    put: ({ repository, tag, list, staged, reason = null, referrers = null }) =>
      database.write('remember a staged image', function* () {
        yield* run(
          `INSERT INTO staged_images VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (repository, tag) DO UPDATE
           SET list = excluded.list, staged = excluded.staged, reason = excluded.reason, referrers = excluded.referrers`,
          [repository, tag, list, staged, reason, referrers],
        );
      }),
    remove: (repository, tag) =>
      database.write('forget a staged image', function* () {
        yield* run('DELETE FROM staged_images WHERE repository = $1 AND tag = $2', [repository, tag]);
      }),
    nextRequestSerial: () =>
      database.note('number a signing request', function* () {
        const [row] = yield* run(
          `INSERT INTO counters VALUES ('request_serial', 1)
           ON CONFLICT (name) DO UPDATE SET value = counters.value + 1 RETURNING value`,
        );
        return Number(row?.value);
      }),
  };
}

function readImage(row: Row): StagedImage {
  return {
    repository: parseRepositoryName(String(row.repository)),
    tag: parseTagName(String(row.tag)),
    list: parseDigest(row.list),
    staged: Number(row.staged),
    ...(row.referrers === null ? {} : { referrers: parseDigest(row.referrers) }),
    ...(typeof row.reason === 'string' ? { reason: row.reason } : {}),
  };
}
