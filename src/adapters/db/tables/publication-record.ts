import type { RepositoryName } from '../../../oci/reference.ts';
import type { PublicationRecord } from '../../../ports/publication-record.ts';
import type { Database } from '../database.ts';
import { readTag } from './published-rows.ts';

/** What is published, read from the database in pages, in the order of the bytes of the names. */
export function createPublicationRecord(database: Database): PublicationRecord {
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
      const sql = 'SELECT name, serial FROM repositories WHERE name > $1 ORDER BY name LIMIT $2';
      return (await database.read('read the repositories', sql, [after, limit])).map((row) => ({
        repository: row.name as RepositoryName,
        serial: Number(row.serial),
      }));
    },
    async tags(repository, limit, after) {
      const sql = `SELECT tag, list, request_serial, expires FROM tags
        WHERE repository = (SELECT id FROM repositories WHERE name = $1) AND tag > $2 ORDER BY tag LIMIT $3`;
      const rows = await database.read('read the tags', sql, [repository, after ?? '', limit]);
      return rows.map((row) => readTag(row, repository));
    },
  };
}
