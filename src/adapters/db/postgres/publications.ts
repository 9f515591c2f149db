import type { Digest } from '../../../oci/digest.ts';
import type { RepositoryName } from '../../../oci/reference.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { Publication, Publications, PublicationSerials } from '../../../ports/publications.ts';
import { digestFromColumn, digestToColumn } from '../tables/digest-column.ts';
import type { PostgresDatabase, Query } from './database.ts';

export function createPostgresPublications(database: PostgresDatabase, clock: Clock): Publications {
  return {
    publish: (publication) =>
      database.write('publish', async (query) => {
        const { rows } = await query('SELECT coalesce(max(serial), 0) + 1 AS next FROM publications');
        const serial = Number(rows[0]?.next);
        await query('INSERT INTO publications VALUES ($1, $2)', [serial, clock.now()]);
        await writeRows(query, publication, serial);
        return serial;
      }),
    async findTag(repository, tag) {
      const [row] = await database.read(
        'look for a tag',
        `SELECT list, request_serial, expires FROM tags JOIN repositories ON id = repository
         WHERE name = $1 AND tag = $2`,
        [repository, tag],
      );
      if (row === undefined) return undefined;
      return {
        repository,
        tag,
        list: digestFromColumn(row.list),
        requestSerial: Number(row.request_serial),
        expires: Number(row.expires),
      };
    },
    async findBlob(digest, repository) {
      const [row] = await database.read(
        'look for a blob',
        `SELECT name, size, blobs.serial FROM blobs JOIN repositories ON id = repository
         WHERE digest = $1 AND ($2::text IS NULL OR name = $2) LIMIT 1`,
        [digestToColumn(digest), repository ?? null],
      );
      if (row === undefined) return undefined;
      return {
        repository: row.name as RepositoryName,
        digest,
        size: Number(row.size),
        serial: Number(row.serial),
      };
    },
    async findReferrers(repository, subject, artifactType) {
      const rows = await database.read(
        'look for referrers',
        `SELECT digest FROM manifests JOIN repositories ON id = repository
         WHERE name = $1 AND subject = $2 AND artifact_type = $3 ORDER BY digest`,
        [repository, digestToColumn(subject), artifactType],
      );
      return rows.map(({ digest }) => digestFromColumn(digest));
    },
    serials: () => readSerials(database, 0),
  };
}

/** The publication serial, and the last one that changed each repository, of those that one after `since` did. */
export async function readSerials(database: PostgresDatabase, since: number): Promise<PublicationSerials> {
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

/** Rows a statement: more would only need more memory at once. */
const rowsAtOnce = 5000;

async function writeRows(query: Query, publication: Publication, serial: number): Promise<void> {
  const { blobs, manifests, retired = [], tags } = publication;
  const ids = await touchRepositories(query, publication, serial);
  const idOf = ({ repository }: { readonly repository: RepositoryName }) => ids.get(repository);
  const digestOf = ({ digest }: { readonly digest: Digest }) => digestToColumn(digest);

  // A blob keeps the serial that brought it: mirrors at that serial have it already.
  for (const part of inParts(blobs)) {
    await query(
      `INSERT INTO blobs SELECT *, $4 FROM unnest($1::integer[], $2::bytea[], $3::bigint[]) ON CONFLICT DO NOTHING`,
      [part.map(idOf), part.map(digestOf), part.map(({ size }) => size), serial],
    );
  }
  for (const part of inParts(manifests)) {
    await query(
      `INSERT INTO manifests SELECT * FROM unnest($1::integer[], $2::bytea[], $3::text[], $4::bigint[],
         $5::bytea[], $6::text[], $7::text[]) ON CONFLICT DO NOTHING`,
      [
        part.map(idOf),
        part.map(digestOf),
        part.map(({ mediaType }) => mediaType),
        part.map(({ size }) => size),
        part.map(({ subject }) => (subject === undefined ? null : digestToColumn(subject))),
        part.map(({ artifactType }) => artifactType ?? null),
        part.map(({ annotations }) => (annotations === undefined ? null : JSON.stringify(annotations))),
      ],
    );
  }
  for (const part of inParts(retired)) {
    await query(
      `DELETE FROM manifests USING unnest($1::integer[], $2::bytea[]) AS gone (repository, digest)
       WHERE manifests.repository = gone.repository AND manifests.digest = gone.digest`,
      [part.map(idOf), part.map(digestOf)],
    );
  }
  for (const tag of tags) {
    const list = digestToColumn(tag.list);
    await query(
      `INSERT INTO tags VALUES ($1, $2, $3, $4, $5) ON CONFLICT (repository, tag) DO UPDATE
       SET list = excluded.list, request_serial = excluded.request_serial, expires = excluded.expires`,
      [idOf(tag), tag.tag, list, tag.requestSerial, tag.expires],
    );
    await query('DELETE FROM staged_images WHERE repository = $1 AND tag = $2 AND list = $3', [
      tag.repository,
      tag.tag,
      tag.list,
    ]);
  }
}

/** Raises the serial of all repositories that a publication touches, makes those that are new, and numbers them. */
async function touchRepositories(
  query: Query,
  { blobs, manifests, retired = [], tags }: Publication,
  serial: number,
): Promise<ReadonlyMap<RepositoryName, number>> {
  const names = new Set([blobs, manifests, retired, tags].flat().map(({ repository }) => repository));
  const ids = new Map<RepositoryName, number>();
  for (const part of inParts([...names])) {
    const { rows } = await query(
      `INSERT INTO repositories (name, serial) SELECT name, $2 FROM unnest($1::text[]) AS name
       ON CONFLICT (name) DO UPDATE SET serial = excluded.serial RETURNING id, name`,
      [part, serial],
    );
    for (const { id, name } of rows) ids.set(name as RepositoryName, Number(id));
  }
  return ids;
}

function* inParts<T>(rows: readonly T[]): Generator<readonly T[]> {
  for (let at = 0; at < rows.length; at += rowsAtOnce) yield rows.slice(at, at + rowsAtOnce);
}
