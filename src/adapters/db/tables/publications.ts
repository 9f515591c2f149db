import type { RepositoryName } from '../../../oci/reference.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { Publication, Publications, PublicationSerials } from '../../../ports/publications.ts';
import { type Database, type Work, insertNew, run, runEach } from '../database.ts';
import { digestFromColumn, digestToColumn } from './digest-column.ts';
import { readBlob, readTag } from './published-rows.ts';

export function createPublications(database: Database, clock: Clock): Publications {
  return {
    publish: (publication) =>
      database.write('publish', function* () {
        const [row] = yield* run('SELECT coalesce(max(serial), 0) + 1 AS next FROM publications');
        const serial = Number(row?.next);
        yield* run('INSERT INTO publications VALUES ($1, $2)', [serial, clock.now()]);
        yield* writeRows(publication, serial);
        return serial;
      }),
    async findTag(repository, tag) {
      const [row] = await database.read(
        'look for a tag',
        `SELECT tag, list, request_serial, expires FROM tags
         WHERE repository = (SELECT id FROM repositories WHERE name = $1) AND tag = $2`,
        [repository, tag],
      );
      return row === undefined ? undefined : readTag(row, repository);
    },
    async findBlob(digest, repository) {
      const [row] = await database.read(
        'look for a blob',
        `SELECT name, digest, size, blobs.serial FROM blobs JOIN repositories ON id = repository
         WHERE digest = $1 AND (CAST($2 AS TEXT) IS NULL OR name = $2) LIMIT 1`,
        [digestToColumn(digest), repository ?? null],
      );
      return row === undefined ? undefined : readBlob(row, row.name as RepositoryName);
    },
    async findReferrers(repository, subject, artifactType) {
      const rows = await database.read(
        'look for referrers',
        `SELECT digest FROM manifests WHERE repository = (SELECT id FROM repositories WHERE name = $1)
         AND subject = $2 AND artifact_type = $3 ORDER BY digest`,
        [repository, digestToColumn(subject), artifactType],
      );
      return rows.map(({ digest }) => digestFromColumn(digest));
    },
    serials: () => readSerials(database, 0),
  };
}

/** The publication serial, and the last one that changed each repository, of those that one after `since` did. */
export async function readSerials(database: Database, since: number): Promise<PublicationSerials> {
  // One statement, so that both are of one moment.
  const rows = await database.read(
    'read the serials',
    `SELECT NULL AS name, coalesce(max(serial), 0) AS serial FROM publications
     UNION ALL SELECT name, serial FROM repositories WHERE serial > $1`,
    [since],
  );
  const repositories = new Map<RepositoryName, number>();
  let serial = 0;
  for (const row of rows) {
    if (row.name === null) serial = Number(row.serial);
    else repositories.set(row.name as RepositoryName, Number(row.serial));
  }
  return { serial, repositories };
}

function* writeRows({ blobs, manifests, retired = [], tags }: Publication, serial: number): Work<void> {
  const names = new Set([blobs, manifests, retired, tags].flat().map(({ repository }) => repository));
  const ids = yield* touchRepositories([...names], serial);
  const idOf = ({ repository }: { readonly repository: RepositoryName }) => ids.get(repository) ?? null;

  // A blob keeps the serial that brought it: mirrors at that serial have it already.
  yield* insertNew(
    'blobs',
    ['INTEGER', 'BYTEA', 'BIGINT', 'BIGINT'],
    blobs.values().map((blob) => [idOf(blob), digestToColumn(blob.digest), blob.size, serial]),
  );
  yield* insertNew(
    'manifests',
    ['INTEGER', 'BYTEA', 'TEXT', 'BIGINT', 'BYTEA', 'TEXT', 'TEXT'],
    manifests
      .values()
      .map((manifest) => [
        idOf(manifest),
        digestToColumn(manifest.digest),
        manifest.mediaType,
        manifest.size,
        manifest.subject === undefined ? null : digestToColumn(manifest.subject),
        manifest.artifactType ?? null,
        manifest.annotations === undefined ? null : JSON.stringify(manifest.annotations),
      ]),
  );
  yield* runEach(
    'DELETE FROM manifests WHERE repository = $1 AND digest = $2',
    retired.map((manifest) => [idOf(manifest), digestToColumn(manifest.digest)]),
  );
  yield* runEach(
    `INSERT INTO tags VALUES ($1, $2, $3, $4, $5) ON CONFLICT (repository, tag) DO UPDATE
     SET list = excluded.list, request_serial = excluded.request_serial, expires = excluded.expires`,
    tags.map((tag) => [idOf(tag), tag.tag, digestToColumn(tag.list), tag.requestSerial, tag.expires]),
  );
  yield* runEach(
    'DELETE FROM staged_images WHERE repository = $1 AND tag = $2 AND list = $3',
    tags.map(({ repository, tag, list }) => [repository, tag, list]),
  );
}

/** Raises the serial of all repositories that a publication touches, makes those that are new, and numbers them. */
function* touchRepositories(
  names: readonly RepositoryName[],
  serial: number,
): Work<ReadonlyMap<RepositoryName, number>> {
  const rows = yield* runEach(
    `INSERT INTO repositories (name, serial) VALUES ($1, $2)
     ON CONFLICT (name) DO UPDATE SET serial = excluded.serial RETURNING id, name`,
    names.map((name) => [name, serial]),
  );
  return new Map(rows.map(({ id, name }) => [name as RepositoryName, Number(id)]));
}
