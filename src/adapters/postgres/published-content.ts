import type { RepositoryName } from '../../oci/reference.ts';
import type { PublishedContent } from '../../ports/publications.ts';
import { readBlob, readManifest, readTag } from '../sqlite/published-rows.ts';
import type { PostgresDatabase, Row } from './database.ts';

/** How many rows a batch has: reading one takes a few milliseconds, and nothing else runs while it is taken apart. */
const batchSize = 2000;

/**
 * What is published, batch by batch in the order of the keys. Each batch is a statement of its own, so that no
 * transaction is open for minutes. What a tag leads to is only ever added to, so tags, manifests and blobs read in this
 * order are whole even when a publication happens in between: what is retired are referrers, which nothing leads to.
 */
export function createPostgresPublishedContent(database: PostgresDatabase): PublishedContent {
  async function* batches<T>(
    table: 'tags' | 'manifests' | 'blobs',
    key: 'tag' | 'digest',
    read: (row: Row, repository: RepositoryName) => T,
  ): AsyncGenerator<T[]> {
    // Names are shared between rows, since ten million copies of them would not fit.
    const names = new Map<number, RepositoryName>();
    let after: readonly unknown[] = [-1, key === 'tag' ? '' : Buffer.alloc(0)];
    for (;;) {
      const rows = await database.read(
        'read what is published',
        `SELECT * FROM ${table} WHERE (repository, ${key}) > ($1, $2) ORDER BY repository, ${key} LIMIT ${batchSize}`,
        after,
      );
      const last = rows.at(-1);
      if (last === undefined) return;
      after = [last.repository, last[key]];
      await addNames(names, rows);
      yield rows.map((row) => {
        const id = Number(row.repository);
        return read(row, names.get(id) as RepositoryName);
      });
      if (rows.length < batchSize) return;
    }
  }

  async function addNames(names: Map<number, RepositoryName>, rows: readonly Row[]): Promise<void> {
    const unknown = new Set(rows.map(({ repository }) => Number(repository)).filter((id) => !names.has(id)));
    if (unknown.size === 0) return;
    const sql = 'SELECT id, name FROM repositories WHERE id = ANY ($1::integer[])';
    for (const { id, name } of await database.read('read the repositories', sql, [[...unknown]])) {
      names.set(Number(id), name as RepositoryName);
    }
  }

  return {
    version: () => readVersion(database),
    async serial() {
      const sql = 'SELECT coalesce(max(serial), 0) AS serial FROM publications';
      const [row] = await database.read('read the serial', sql);
      return Number(row?.serial);
    },
    tags: () => batches('tags', 'tag', readTag),
    manifests: () => batches('manifests', 'digest', readManifest),
    blobs: () => batches('blobs', 'digest', readBlob),
  };
}

/** A number that moves with everything that watchers must notice. */
export async function readVersion(database: PostgresDatabase): Promise<number> {
  const [row] = await database.read('read its version', 'SELECT value FROM data_version');
  return Number(row?.value);
}
