import type { RepositoryContents } from '../../ports/repository-contents.ts';
import { readBlob, readManifest, readTag } from '../sqlite/published-rows.ts';
import type { PostgresDatabase } from './database.ts';
import { readVersion } from './published-content.ts';
import { readSerials } from './publications.ts';

/**
 * What each repository has published. A repository is read by three statements: whoever compares the serials before and
 * after knows whether a publication came in between.
 */
export function createPostgresRepositoryContents(database: PostgresDatabase): RepositoryContents {
  const rows = (table: 'tags' | 'manifests' | 'blobs', name: string) =>
    database.read(
      'read what a repository has',
      `SELECT * FROM ${table} WHERE repository = (SELECT id FROM repositories WHERE name = $1)`,
      [name],
    );
  return {
    version: () => readVersion(database),
    serials: () => readSerials(database),
    async read(repository) {
      const [tags, manifests, blobs] = [
        await rows('tags', repository),
        await rows('manifests', repository),
        await rows('blobs', repository),
      ];
      return {
        tags: tags.map((row) => readTag(row, repository)),
        manifests: manifests.map((row) => readManifest(row, repository)),
        blobs: blobs.map((row) => readBlob(row, repository)),
      };
    },
  };
}
