import type { RepositoryName, TagName } from '../../../oci/reference.ts';
import type { PublicationRecord } from '../../../ports/publication-record.ts';
import { digestFromColumn } from '../sqlite/digest-column.ts';
import type { PostgresDatabase } from './database.ts';

/** What is published, read from the database in pages, in the order of the bytes of the names. */
export function createPostgresPublicationRecord(database: PostgresDatabase): PublicationRecord {
  return {
    async events(limit, before = Number.MAX_SAFE_INTEGER) {
      const sql =
        'SELECT serial, published FROM publications WHERE serial < $1 ORDER BY serial DESC LIMIT $2';
      return (await database.read('read the publications', sql, [before, limit])).map((row) => ({
        serial: Number(row.serial),
        published: Number(row.published),
      }));
    },
    async repositories(limit, after = '') {
      const sql = `SELECT name, serial FROM repositories WHERE name COLLATE "C" > $1
        ORDER BY name COLLATE "C" LIMIT $2`;
      return (await database.read('read the repositories', sql, [after, limit])).map((row) => ({
        repository: row.name as RepositoryName,
        serial: Number(row.serial),
      }));
    },
    async tags(repository, limit, after) {
      const sql = `SELECT tag, list, request_serial, expires FROM tags
        WHERE repository = (SELECT id FROM repositories WHERE name = $1) AND tag COLLATE "C" > $2
        ORDER BY tag COLLATE "C" LIMIT $3`;
      return (await database.read('read the tags', sql, [repository, after ?? '', limit])).map((row) => ({
        repository,
        tag: row.tag as TagName,
        list: digestFromColumn(row.list),
        requestSerial: Number(row.request_serial),
        expires: Number(row.expires),
      }));
    },
  };
}
