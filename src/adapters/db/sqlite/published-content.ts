import type { DatabaseSync } from 'node:sqlite';
import type { Digest } from '../../../oci/digest.ts';
import type { RepositoryName } from '../../../oci/reference.ts';
import type { PublishedContent } from '../../../ports/publications.ts';
import { withDatabase } from './database-error.ts';
import { createSqliteDatabase } from './sqlite-database.ts';
import { digestToColumn } from '../tables/digest-column.ts';
import { readBlob, readManifest, readTag } from '../tables/published-rows.ts';
import type { Row } from '../database.ts';
import { readSerials } from '../tables/publications.ts';

/** How many rows a batch has: one takes about a millisecond to read, and nothing else runs meanwhile. */
const batchSize = 500;
const namesAtOnce = 64;

/**
 * What is published, repository by repository, in the order of the keys. Each batch is made of queries of its own, so that
 * nothing is held in between, neither memory nor the database's log. What a tag leads to is only ever added to, so tags,
 * manifests and blobs read in this order are whole even when a publication happens in between: what is retired are
 * referrers, which nothing leads to.
 */
export function createSqlitePublishedContent(database: DatabaseSync): PublishedContent {
  const watched = createSqliteDatabase(database);
  const namesAfter = database.prepare(
    `SELECT name FROM repositories WHERE name > ? ORDER BY name LIMIT ${namesAtOnce}`,
  );

  function* allNames(): Generator<RepositoryName> {
    for (let after = ''; ;) {
      const names = namesAfter.all(after).map(({ name }) => name as RepositoryName);
      yield* names;
      if (names.length < namesAtOnce) return;
      after = names.at(-1) ?? '';
    }
  }

  /** @param key the column whose text sorts the rows of a repository as the table does */
  function prepareBatches<T>(
    table: keyof typeof columns,
    key: 'tag' | 'digest',
    read: (row: Row, repository: RepositoryName) => T,
  ) {
    const rowsAfter = database.prepare(
      `SELECT ${columns[table]} FROM ${table} WHERE repository = (SELECT id FROM repositories WHERE name = ?)
       AND ${key} > ? ORDER BY ${key} LIMIT ?`,
    );
    return async function* (repositories: Iterable<RepositoryName> = allNames()): AsyncGenerator<T[]> {
      const names = Iterator.from(repositories);
      let at: { readonly repository: RepositoryName; readonly after: string | Uint8Array } | undefined;
      const nextRepository = () => {
        const { done, value } = names.next();
        return done === true ? undefined : { repository: value, after: '' };
      };
      const fill = (): T[] => {
        const batch: T[] = [];
        at ??= nextRepository();
        while (at !== undefined && batch.length < batchSize) {
          const { repository, after } = at;
          const limit = batchSize - batch.length;
          const rows = rowsAfter.all(repository, after, limit);
          for (const row of rows) batch.push(read(row, repository));
          const last = rows.at(-1)?.[key];
          const more = last !== undefined && rows.length === limit;
          at = more
            ? { repository, after: key === 'tag' ? String(last) : digestToColumn(last as Digest) }
            : nextRepository();
        }
        return batch;
      };
      for (;;) {
        const batch = await withDatabase('read what is published', fill);
        if (batch.length === 0) return;
        yield batch;
      }
    };
  }

  return {
    version: () => watched.version(),
    changes: (since) => readSerials(watched, since),
    tags: prepareBatches('tags', 'tag', readTag),
    manifests: prepareBatches('manifests', 'digest', readManifest),
    blobs: prepareBatches('blobs', 'digest', readBlob),
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
