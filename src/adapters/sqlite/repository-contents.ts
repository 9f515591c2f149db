import type { DatabaseSync } from 'node:sqlite';
import type { RepositoryContents } from '../../ports/repository-contents.ts';
import { createDataVersion } from './data-version.ts';
import { withDatabase } from './database-error.ts';
import { readBlob, readManifest, readTag } from './published-rows.ts';
import { readSerials } from './publications.ts';

/** What each repository has published. A repository is read in one go, so it is of one moment. */
export function createSqliteRepositoryContents(database: DatabaseSync): RepositoryContents {
  const version = createDataVersion(database);
  const serials = readSerials(database);
  const own = 'WHERE repository = (SELECT id FROM repositories WHERE name = ?)';
  const tags = database.prepare(`SELECT * FROM tags ${own}`);
  const manifests = database.prepare(`SELECT * FROM manifests ${own}`);
  const blobs = database.prepare(`SELECT * FROM blobs ${own}`);
  return {
    version: () => withDatabase('read its version', version),
    serials: () => withDatabase('read the serials', serials),
    read: (repository) =>
      withDatabase('read what a repository has', () => {
        database.exec('BEGIN');
        try {
          return {
            tags: tags.all(repository).map((row) => readTag(row, repository)),
            manifests: manifests.all(repository).map((row) => readManifest(row, repository)),
            blobs: blobs.all(repository).map((row) => readBlob(row, repository)),
          };
        } finally {
          database.exec('COMMIT');
        }
      }),
  };
}
