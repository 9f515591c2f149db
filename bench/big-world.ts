import { randomFillSync } from 'node:crypto';
import { linkSync, mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { openDatabase } from '../src/adapters/db/sqlite/database.ts';
import { createSqliteDatabase } from '../src/adapters/db/sqlite/sqlite-database.ts';
import { createPublications } from '../src/adapters/db/tables/publications.ts';
import { formatPublicationMarker } from '../src/tree/publication-marker.ts';
import { type Digest, digestOf } from '../src/oci/digest.ts';
import { mediaTypes } from '../src/oci/media-types.ts';
import { type RepositoryName, parseRepositoryName } from '../src/oci/reference.ts';
import { EvenSample } from '../src/server/pull/even-sample.ts';
import { addMirrors, blobSize } from './world.ts';

/** A data folder that is large in its database; the tree holds the files only that probes ask for. */
export interface BigWorld {
  readonly data: string;
  /** Blobs that have files, spread over all of them. */
  readonly samplePaths: readonly string[];
  /** Publishes one blob more, and returns its path. */
  publishOne(): Promise<string>;
}

interface Blob {
  readonly repository: RepositoryName;
  readonly digest: Digest;
}

const manifestsPerRepository = 5;
// As many as the routing snapshot keeps, and chosen in the same way from the same order.
const sampleLimit = 8192;
const newestLimit = 1024;

export async function createBigWorld(
  folder: string,
  options: { blobs: number; repositories: number; mirrors: number; mirrorUrl: string },
): Promise<BigWorld> {
  const data = join(folder, 'data');
  const database = openDatabase(join(data, 'signpost.db'));
  const perRepository = Math.max(1, Math.round(options.blobs / options.repositories));
  const files = fill(database, options.repositories, perRepository);
  for (const blob of new Set([...files.samples, ...files.first])) placeFile(data, blob);
  writeMarker(data, 1);
  await addMirrors(database, options.mirrors, options.mirrorUrl);
  database.close();
  let serial = 1;
  return {
    data,
    samplePaths: files.samples.map(pathOf),
    async publishOne() {
      serial += 1;
      const added = { repository: repositoryName(serial), digest: digestOf(`added by ${serial}`) };
      placeFile(data, added);
      const writer = openDatabase(join(data, 'signpost.db'));
      const publications = createPublications(createSqliteDatabase(writer), { now: () => Date.now() });
      await publications.publish({ tags: [], manifests: [], blobs: [{ ...added, size: blobSize }] });
      writer.close();
      writeMarker(data, serial);
      return pathOf(added);
    },
  };
}

/** Rows in the order of their keys, without the index until the end: ten million take a minute, not an hour. */
function fill(
  database: DatabaseSync,
  repositories: number,
  perRepository: number,
): { samples: readonly Blob[]; first: readonly Blob[] } {
  const index = database.prepare(`SELECT sql FROM sqlite_schema WHERE name = 'blobs_by_digest'`).get();
  database.exec('PRAGMA synchronous = OFF; DROP INDEX blobs_by_digest; BEGIN');
  const addRepository = database.prepare('INSERT INTO repositories VALUES (?, ?, 1)');
  const addTag = database.prepare('INSERT INTO tags VALUES (?, ?, ?, 1, ?)');
  const addManifest = database.prepare(
    'INSERT INTO manifests (repository, digest, media_type, size) VALUES (?, ?, ?, 1234)',
  );
  const addBlob = database.prepare(`INSERT INTO blobs VALUES (?, ?, ${blobSize}, 1)`);
  const expires = Date.now() + 1e9;
  const samples = new EvenSample<Blob>(sampleLimit);
  const first: Blob[] = [];
  database.exec('INSERT INTO publications VALUES (1, 0)');
  for (let number = 0; number < repositories; number += 1) {
    const repository = repositoryName(number);
    const id = number + 1;
    addRepository.run(id, repository);
    const [list, ...manifests] = randomDigests(manifestsPerRepository);
    addTag.run(id, '1', list ?? Buffer.alloc(32), expires);
    if (list !== undefined) addManifest.run(id, list, mediaTypes.ociIndex);
    for (const manifest of manifests) addManifest.run(id, manifest, mediaTypes.ociManifest);
    for (const bytes of randomDigests(perRepository)) {
      addBlob.run(id, bytes);
      const blob = { repository, digest: `sha256:${bytes.toString('hex')}` as Digest };
      samples.offer(blob);
      if (first.length < newestLimit) first.push(blob);
    }
  }
  database.exec(`COMMIT; ${String(index?.sql)}; PRAGMA wal_checkpoint(TRUNCATE); PRAGMA synchronous = FULL`);
  return { samples: samples.kept, first };
}

function randomDigests(count: number): readonly Buffer[] {
  const bytes = randomFillSync(Buffer.alloc(count * 32));
  return Array.from({ length: count }, (_, at) => bytes.subarray(at * 32, at * 32 + 32)).sort((a, b) =>
    Buffer.compare(a, b),
  );
}

function repositoryName(number: number): RepositoryName {
  // Their names have the order of their numbers, in which the routing snapshot reads them.
  const [project, image] = [Math.floor(number / 100), number].map((part) => String(part).padStart(6, '0'));
  return parseRepositoryName(`bench/project-${project}/image-${image}`);
}

function pathOf({ repository, digest }: Blob): string {
  return `/v2/${repository}/blobs/${digest}`;
}

function placeFile(data: string, { repository, digest }: Blob): void {
  const original = join(data, 'blob');
  writeFileSync(original, '', { flag: 'a' });
  truncateSync(original, blobSize);
  const folder = join(data, 'tree/v2', repository, 'blobs');
  mkdirSync(folder, { recursive: true });
  linkSync(original, join(folder, digest));
}

function writeMarker(data: string, serial: number): void {
  writeFileSync(
    join(data, 'tree/publication.json'),
    formatPublicationMarker({ serial, contents: { digest: digestOf(''), size: 0 } }),
  );
}
