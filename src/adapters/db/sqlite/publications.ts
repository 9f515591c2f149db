import type { DatabaseSync } from 'node:sqlite';
import type { RepositoryName } from '../../../oci/reference.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { Publication, Publications, PublicationSerials } from '../../../ports/publications.ts';
import { inTransaction } from './database.ts';
import { withDatabase } from './database-error.ts';
import { digestFromColumn, digestToColumn } from '../tables/digest-column.ts';

export function createSqlitePublications(database: DatabaseSync, clock: Clock): Publications {
  const write = prepareWrites(database);
  const findTag = database.prepare(
    `SELECT list, request_serial, expires FROM tags
     WHERE repository = (SELECT id FROM repositories WHERE name = ?) AND tag = ?`,
  );
  const findBlob = database.prepare(
    `SELECT name, size, blobs.serial FROM blobs JOIN repositories ON repositories.id = blobs.repository
     WHERE digest = ?1 AND (?2 IS NULL OR name = ?2) LIMIT 1`,
  );
  const findReferrers = database.prepare(
    `SELECT digest FROM manifests
     WHERE repository = (SELECT id FROM repositories WHERE name = ?) AND subject = ? AND artifact_type = ?
     ORDER BY digest`,
  );
  const serials = readSerials(database);
  const serial = database.prepare('SELECT coalesce(max(serial), 0) AS serial FROM publications');

  return {
    publish: (publication) =>
      withDatabase('publish', () =>
        inTransaction(database, () => {
          const next = Number(serial.get()?.serial) + 1;
          write(publication, next, clock.now());
          return next;
        }),
      ),
    findTag: (repository, tag) =>
      withDatabase('look for a tag', () => {
        const row = findTag.get(repository, tag);
        return row === undefined
          ? undefined
          : {
              repository,
              tag,
              list: digestFromColumn(row.list),
              requestSerial: Number(row.request_serial),
              expires: Number(row.expires),
            };
      }),
    findBlob: (digest, repository) =>
      withDatabase('look for a blob', () => {
        const row = findBlob.get(digestToColumn(digest), repository ?? null);
        return row === undefined
          ? undefined
          : {
              repository: row.name as RepositoryName,
              digest,
              size: Number(row.size),
              serial: Number(row.serial),
            };
      }),
    findReferrers: (repository, subject, artifactType) =>
      withDatabase('look for referrers', () =>
        findReferrers
          .all(repository, digestToColumn(subject), artifactType)
          .map(({ digest }) => digestFromColumn(digest)),
      ),
    serials: () => withDatabase('read the serials', () => serials(0)),
  };
}

/** What reads the publication serial, and the last one that changed each repository, of those that one after `since` did. */
export function readSerials(database: DatabaseSync): (since: number) => PublicationSerials {
  const serial = database.prepare('SELECT coalesce(max(serial), 0) AS serial FROM publications');
  const changed = database.prepare('SELECT name, serial FROM repositories WHERE serial > ? ORDER BY name');
  return (since) => ({
    // Read first: what is published in between comes with the next look.
    serial: Number(serial.get()?.serial),
    repositories: new Map(changed.all(since).map((row) => [row.name as RepositoryName, Number(row.serial)])),
  });
}

function prepareWrites(database: DatabaseSync) {
  const publications = database.prepare('INSERT INTO publications VALUES (?, ?)');
  const repositories = database.prepare(
    `INSERT INTO repositories (name, serial) VALUES (?, ?)
     ON CONFLICT (name) DO UPDATE SET serial = excluded.serial RETURNING id`,
  );
  const tags = database.prepare('INSERT OR REPLACE INTO tags VALUES (?, ?, ?, ?, ?)');
  const manifests = database.prepare('INSERT OR IGNORE INTO manifests VALUES (?, ?, ?, ?, ?, ?, ?)');
  const retired = database.prepare('DELETE FROM manifests WHERE repository = ? AND digest = ?');
  // A blob keeps the serial that brought it: mirrors at that serial have it already.
  const blobs = database.prepare('INSERT OR IGNORE INTO blobs VALUES (?, ?, ?, ?)');
  const staged = database.prepare('DELETE FROM staged_images WHERE repository = ? AND tag = ? AND list = ?');

  return (publication: Publication, serial: number, now: number) => {
    publications.run(serial, now);
    const ids = new Map<RepositoryName, number>();
    const idOf = (name: RepositoryName) => {
      const id = ids.get(name) ?? Number(repositories.get(name, serial)?.id);
      ids.set(name, id);
      return id;
    };
    for (const { repository, digest, size } of publication.blobs) {
      blobs.run(idOf(repository), digestToColumn(digest), size, serial);
    }
    for (const manifest of publication.manifests) {
      manifests.run(
        idOf(manifest.repository),
        digestToColumn(manifest.digest),
        manifest.mediaType,
        manifest.size,
        manifest.subject === undefined ? null : digestToColumn(manifest.subject),
        manifest.artifactType ?? null,
        manifest.annotations === undefined ? null : JSON.stringify(manifest.annotations),
      );
    }
    for (const { repository, digest } of publication.retired ?? []) {
      retired.run(idOf(repository), digestToColumn(digest));
    }
    for (const { repository, tag, list, requestSerial, expires } of publication.tags) {
      tags.run(idOf(repository), tag, digestToColumn(list), requestSerial, expires);
      staged.run(repository, tag, list);
    }
  };
}
