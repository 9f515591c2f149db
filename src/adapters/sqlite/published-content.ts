import type { DatabaseSync } from 'node:sqlite';
import type { RepositoryName } from '../../oci/reference.ts';
import type { PublishedContent } from '../../ports/publications.ts';
import { createDataVersion } from './data-version.ts';
import { attempt, withDatabase } from './database-error.ts';
import { type Row, readBlob, readManifest, readTag } from './published-rows.ts';

/** How many rows a batch has: one takes a few milliseconds to read, and nothing else runs meanwhile. */
const batchSize = 1000;

/**
 * What is published, batch by batch: nothing else is held but the names of the repositories. What a tag leads to is only
 * ever added to, so tags, manifests and blobs read in this order are whole even when a publication happens in between:
 * what is retired are referrers, which nothing leads to. Iterators must be read to their end or returned, or the
 * database cannot tidy its log.
 */
export function createSqlitePublishedContent(database: DatabaseSync): PublishedContent {
  const version = createDataVersion(database);
  const serial = database.prepare('SELECT coalesce(max(serial), 0) AS serial FROM publications');

  function* batches<T>(sql: string, read: (row: Row, repository: RepositoryName) => T): Generator<T[]> {
    // A statement of its own for each iteration: two may run at once. The names come first and are shared between
    // rows, since ten million copies of them would not fit.
    const names = new Map<unknown, RepositoryName>();
    for (const row of database.prepare('SELECT id, name FROM repositories').all()) {
      names.set(row.id, row.name as RepositoryName);
    }
    const later = database.prepare('SELECT name FROM repositories WHERE id = ?');
    const nameOf = (id: unknown) => {
      const name = names.get(id) ?? (later.get(Number(id))?.name as RepositoryName);
      names.set(id, name);
      return name;
    };
    let batch: T[] = [];
    for (const row of database.prepare(sql).iterate()) {
      batch.push(read(row, nameOf(row.repository)));
      if (batch.length < batchSize) continue;
      yield batch;
      batch = [];
    }
    if (batch.length > 0) yield batch;
  }

  return {
    version: () => withDatabase('read its version', version),
    serial: () => withDatabase('read the serial', () => Number(serial.get()?.serial)),
    tags: () => inTurn(batches('SELECT * FROM tags', readTag)),
    manifests: () => inTurn(batches('SELECT * FROM manifests', readManifest)),
    blobs: () => inTurn(batches('SELECT * FROM blobs', readBlob)),
  };
}

async function* inTurn<T>(batches: Generator<T[]>): AsyncGenerator<T[]> {
  try {
    for (;;) {
      const next = await withDatabase('read what is published', () => batches.next());
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    attempt('end reading', () => batches.return(undefined));
  }
}
