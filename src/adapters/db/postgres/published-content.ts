import type { RepositoryName } from '../../../oci/reference.ts';
import type { PublishedContent } from '../../../ports/publications.ts';
import { readBlob, readManifest, readTag } from '../tables/published-rows.ts';
import type { Row } from '../database.ts';
import type { PostgresDatabase } from './database.ts';
import { readSerials } from '../tables/publications.ts';

/** How many rows a batch has: reading one takes a few milliseconds, and nothing else runs while it is taken apart. */
const batchSize = 2000;

/**
 * What is published, batch by batch in the order of the keys. Each batch is a statement of its own, so that no
 * transaction is open for minutes. What a tag leads to is only ever added to, so tags, manifests and blobs read in this
 * order are whole even when a publication happens in between: what is retired are referrers, which nothing leads to.
 */
export function createPostgresPublishedContent(database: PostgresDatabase): PublishedContent {
  function batches<T>(
    table: 'tags' | 'manifests' | 'blobs',
    key: 'tag' | 'digest',
    read: (row: Row, repository: RepositoryName) => T,
  ) {
    return async function* (repositories?: readonly RepositoryName[]): AsyncGenerator<T[]> {
      // Names are shared between rows, since ten million copies of them would not fit.
      const names = new Map<number, RepositoryName>();
      if (repositories !== undefined) {
        await addNames(
          names,
          'SELECT id, name FROM repositories WHERE name = ANY ($1::text[])',
          repositories,
        );
      }
      const only = repositories === undefined ? undefined : [...names.keys()];
      let after: readonly unknown[] = [-1, key === 'tag' ? '' : Buffer.alloc(0)];
      for (;;) {
        const rows = await database.read(
          'read what is published',
          `SELECT * FROM ${table} WHERE (repository, ${key}) > ($1, $2)
           ${only === undefined ? '' : 'AND repository = ANY ($3::integer[])'}
           ORDER BY repository, ${key} LIMIT ${batchSize}`,
          only === undefined ? after : [...after, only],
        );
        const last = rows.at(-1);
        if (last === undefined) return;
        after = [last.repository, last[key]];
        const unknown = new Set(rows.map((row) => Number(row.repository)).filter((id) => !names.has(id)));
        await addNames(names, 'SELECT id, name FROM repositories WHERE id = ANY ($1::integer[])', [
          ...unknown,
        ]);
        yield rows.map((row) => read(row, names.get(Number(row.repository)) as RepositoryName));
        if (rows.length < batchSize) return;
      }
    };
  }

  async function addNames(names: Map<number, RepositoryName>, sql: string, those: readonly unknown[]) {
    if (those.length === 0) return;
    for (const { id, name } of await database.read('read the repositories', sql, [those])) {
      names.set(Number(id), name as RepositoryName);
    }
  }

  return {
    version: () => database.version(),
    changes: (since) => readSerials(database, since),
    tags: batches('tags', 'tag', readTag),
    manifests: batches('manifests', 'digest', readManifest),
    blobs: batches('blobs', 'digest', readBlob),
  };
}
