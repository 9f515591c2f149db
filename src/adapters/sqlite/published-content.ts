import type { DatabaseSync } from 'node:sqlite';
import type { Digest } from '../../oci/digest.ts';
import type { RepositoryName } from '../../oci/reference.ts';
import type { PublishedContent } from '../../ports/publications.ts';
import { createDataVersion } from './data-version.ts';
import { withDatabase } from './database-error.ts';
import { digestToColumn } from './digest-column.ts';
import { type Row, readBlob, readManifest, readTag } from './published-rows.ts';

/** How many rows a batch has: one takes about a millisecond to read, and nothing else runs meanwhile. */
const batchSize = 500;

/**
 * What is published, batch by batch in the order of the keys. Each batch is a query of its own, so that nothing is held
 * in between, neither memory nor the database's log. What a tag leads to is only ever added to, so tags, manifests and
 * blobs read in this order are whole even when a publication happens in between: what is retired are referrers, which
 * nothing leads to.
 */
export function createSqlitePublishedContent(database: DatabaseSync): PublishedContent {
  const version = createDataVersion(database);
  const serial = database.prepare('SELECT coalesce(max(serial), 0) AS serial FROM publications');
  const namesFrom = database.prepare('SELECT id, name FROM repositories WHERE id >= ? ORDER BY id LIMIT 64');

  async function* batches<T>(
    table: keyof typeof columns,
    key: 'tag' | 'digest',
    read: (row: Row, repository: RepositoryName) => T,
  ): AsyncGenerator<T[]> {
    const next = database.prepare(
      `SELECT repository, ${columns[table]} FROM ${table}
       WHERE (repository, ${key}) > (?, ?) ORDER BY repository, ${key} LIMIT ${batchSize}`,
    );
    let after: readonly [number, string | Uint8Array] = [-1, ''];
    // Rows come in the order of their repositories and share their names: ten million copies of them would not fit.
    let names: ReadonlyMap<unknown, RepositoryName> = new Map();
    const readRow = (row: Row) => {
      if (!names.has(row.repository)) {
        const some = namesFrom.all(Number(row.repository));
        names = new Map(some.map(({ id, name }) => [id, name as RepositoryName]));
      }
      return read(row, names.get(row.repository) as RepositoryName);
    };
    for (;;) {
      const batch = await withDatabase('read what is published', () => {
        const rows = next.all(...after);
        const last = rows.at(-1);
        if (last !== undefined) {
          const { repository, tag, digest } = last;
          after = [Number(repository), key === 'tag' ? String(tag) : digestToColumn(digest as Digest)];
        }
        return rows.map(readRow);
      });
      if (batch.length > 0) yield batch;
      if (batch.length < batchSize) return;
    }
  }

  return {
    version: () => withDatabase('read its version', version),
    serial: () => withDatabase('read the serial', () => Number(serial.get()?.serial)),
    tags: () => batches('tags', 'tag', readTag),
    manifests: () => batches('manifests', 'digest', readManifest),
    blobs: () => batches('blobs', 'digest', readBlob),
  };
}

/** Digests come as text: a small buffer for each row would cost more than the rest of it. */
const columns = {
  tags: `tag, ${digestText('list')}, request_serial, expires`,
  manifests: `${digestText('digest')}, media_type, size, subject, artifact_type, annotations`,
  blobs: `${digestText('digest')}, size, serial`,
} as const;

function digestText(column: string): string {
  return `'sha256:' || lower(hex(${column})) AS ${column}`;
}
