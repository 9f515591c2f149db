import type { RepositoryName, TagName } from '../../oci/reference.ts';
import type { PublishedContent } from '../../ports/publications.ts';
import { digestFromColumn } from '../sqlite/digest-column.ts';
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
    async version() {
      const [row] = await database.read('read its version', 'SELECT value FROM data_version');
      return Number(row?.value);
    },
    async serial() {
      const sql = 'SELECT coalesce(max(serial), 0) AS serial FROM publications';
      const [row] = await database.read('read the serial', sql);
      return Number(row?.serial);
    },
    tags: () =>
      batches('tags', 'tag', (row, repository) => ({
        repository,
        tag: row.tag as TagName,
        list: digestFromColumn(row.list),
        requestSerial: Number(row.request_serial),
        expires: Number(row.expires),
      })),
    manifests: () =>
      batches('manifests', 'digest', (row, repository) => ({
        repository,
        digest: digestFromColumn(row.digest),
        mediaType: String(row.media_type),
        size: Number(row.size),
        ...(row.subject === null ? {} : { subject: digestFromColumn(row.subject) }),
        ...(row.artifact_type === null ? {} : { artifactType: row.artifact_type as string }),
        ...(row.annotations === null
          ? {}
          : { annotations: JSON.parse(row.annotations as string) as Readonly<Record<string, string>> }),
      })),
    blobs: () =>
      batches('blobs', 'digest', (row, repository) => ({
        repository,
        digest: digestFromColumn(row.digest),
        size: Number(row.size),
        serial: Number(row.serial),
      })),
  };
}
