import type { DatabaseSync } from 'node:sqlite';
import type { RepositoryName, TagName } from '../../../oci/reference.ts';
import type { PublicationRecord } from '../../../ports/publication-record.ts';
import { withDatabase } from './database-error.ts';
import { digestFromColumn } from './digest-column.ts';

/** What is published, read from the database in pages. */
export function createSqlitePublicationRecord(database: DatabaseSync): PublicationRecord {
  const events = database.prepare(
    'SELECT serial, published FROM publications WHERE serial < ? ORDER BY serial DESC LIMIT ?',
  );
  const repositories = database.prepare(
    'SELECT name, serial FROM repositories WHERE name > ? ORDER BY name LIMIT ?',
  );
  const tags = database.prepare(
    `SELECT tag, list, request_serial, expires FROM tags
     WHERE repository = (SELECT id FROM repositories WHERE name = ?) AND tag > ? ORDER BY tag LIMIT ?`,
  );
  return {
    events: async (limit, before = Number.MAX_SAFE_INTEGER) =>
      withDatabase('read the publications', () =>
        events
          .all(before, limit)
          .map((row) => ({ serial: Number(row.serial), published: Number(row.published) })),
      ),
    repositories: async (limit, after = '') =>
      withDatabase('read the repositories', () =>
        repositories
          .all(after, limit)
          .map((row) => ({ repository: row.name as RepositoryName, serial: Number(row.serial) })),
      ),
    tags: async (repository, limit, after) =>
      withDatabase('read the tags', () =>
        tags
          .all(repository, after ?? '', limit)
          .map((row) => ({
            repository,
            tag: row.tag as TagName,
            list: digestFromColumn(row.list),
            requestSerial: Number(row.request_serial),
            expires: Number(row.expires),
          })),
      ),
  };
}
