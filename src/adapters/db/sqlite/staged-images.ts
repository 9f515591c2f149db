import type { DatabaseSync } from 'node:sqlite';
import { parseDigest } from '../../../oci/digest.ts';
import { parseRepositoryName, parseTagName } from '../../../oci/reference.ts';
import type { StagedImage, StagedImages } from '../../../ports/staged-images.ts';
import { withDatabase } from './database-error.ts';

export function createSqliteStagedImages(database: DatabaseSync): StagedImages {
  const list = database.prepare('SELECT * FROM staged_images ORDER BY repository, tag');
  const put = database.prepare('INSERT OR REPLACE INTO staged_images VALUES (?, ?, ?, ?, ?, ?)');
  const remove = database.prepare('DELETE FROM staged_images WHERE repository = ? AND tag = ?');
  const next = database.prepare(
    `INSERT INTO counters VALUES ('request_serial', 1)
     ON CONFLICT DO UPDATE SET value = value + 1 RETURNING value`,
  );
  return {
    list: () => withDatabase('read the staged images', () => list.all().map(readRow)),
    put: (image) =>
      withDatabase('remember a staged image', () => {
        const { repository, tag, list, staged, reason = null, referrers = null } = image;
        put.run(repository, tag, list, staged, reason, referrers);
      }),
    remove: (repository, tag) =>
      withDatabase('forget a staged image', () => {
        remove.run(repository, tag);
      }),
    nextRequestSerial: () => withDatabase('number a signing request', () => Number(next.get()?.value)),
  };
}

function readRow(row: Record<string, unknown>): StagedImage {
  return {
    repository: parseRepositoryName(String(row.repository)),
    tag: parseTagName(String(row.tag)),
    list: parseDigest(row.list),
    staged: Number(row.staged),
    ...(row.referrers === null ? {} : { referrers: parseDigest(row.referrers) }),
    ...(typeof row.reason === 'string' ? { reason: row.reason } : {}),
  };
}
