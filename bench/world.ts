import { linkSync, mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { createMirrorRegistry } from '../src/adapters/db/tables/mirror-registry.ts';
import { openDatabase } from '../src/adapters/db/sqlite/database.ts';
import { createSqliteDatabase } from '../src/adapters/db/sqlite/sqlite-database.ts';
import { createPublications } from '../src/adapters/db/tables/publications.ts';
import { type Digest, digestHex, digestOf } from '../src/oci/digest.ts';
import { formatPublicationMarker } from '../src/tree/publication-marker.ts';
import { mediaTypes } from '../src/oci/media-types.ts';
import type { NewMirror } from '../src/mirrors/mirror.ts';
import { type RepositoryName, parseRepositoryName, parseTagName } from '../src/oci/reference.ts';
import { runCommand, sleep } from './process.ts';

/** A data folder of the size that is measured, and the paths of its content on the pull API. */
export interface World {
  readonly data: string;
  readonly blobPaths: readonly string[];
  /** One manifest list, for the comparison with a file that nginx serves. */
  readonly manifestPath: string;
  /** Its signature, as the two kinds of client ask for it. */
  readonly signaturePaths: { readonly lookaside: string; readonly extension: string };
}

const countries = ['DE', 'FR', 'US', 'JP', 'BR', 'ZA', 'IN', 'AU', 'PL', 'SE'];
/** Larger than what the crawler reads whole, since these files have not the digests that they are named for. In bytes. */
export const blobSize = 64 * 1024 * 1024;
// A file can have some 65,000 names on common file systems.
const namesPerFile = 30_000;

/**
 * Makes a data folder with so many mirrors and blobs. Blobs are sparse files under many names, since only their sizes
 * and places matter to routing; probes compare a mirror's bytes with the origin's and find them equal.
 */
export async function createWorld(
  folder: string,
  options: { mirrors: number; repositories: number; blobsPerRepository: number; mirrorUrl: string },
): Promise<World> {
  const data = join(folder, 'data');
  const database = openDatabase(join(data, 'signpost.db'));
  const publications = createPublications(createSqliteDatabase(database), { now: () => Date.now() });
  const repositories = Array.from({ length: options.repositories }, (_, index) =>
    parseRepositoryName(`bench/image-${index}`),
  );
  const blobs = repositories.flatMap((repository) =>
    Array.from({ length: options.blobsPerRepository }, (_, index) => ({
      repository,
      digest: digestOf(`${repository} ${index}`),
      size: blobSize,
    })),
  );
  placeBlobs(data, blobs);
  const list = placeList(data, repositories[0] ?? parseRepositoryName('bench/image-0'));
  await publications.publish({
    tags: [
      { ...list, tag: parseTagName('1'), list: list.digest, requestSerial: 1, expires: Date.now() + 1e9 },
    ],
    manifests: [
      { repository: list.repository, digest: list.digest, mediaType: mediaTypes.ociIndex, size: list.size },
    ],
    blobs,
  });
  writeFileSync(
    join(data, 'tree/publication.json'),
    formatPublicationMarker({ serial: 1, contents: { digest: digestOf(''), size: 0 } }),
  );
  await addMirrors(database, options.mirrors, options.mirrorUrl);
  database.close();
  return {
    data,
    blobPaths: blobs.map(({ repository, digest }) => `/v2/${repository}/blobs/${digest}`),
    manifestPath: `/v2/${list.repository}/manifests/${list.digest}`,
    signaturePaths: {
      lookaside: `/signatures/${list.repository}@sha256=${digestHex(list.digest)}/signature-1`,
      extension: `/extensions/v2/${list.repository}/signatures/${list.digest}`,
    },
  };
}

/** Adds public mirrors in ten countries, a tenth of them in Germany. */
export async function addMirrors(database: DatabaseSync, count: number, url: string): Promise<void> {
  const registry = createMirrorRegistry(createSqliteDatabase(database));
  const by = { who: 'the benchmark', at: 0 };
  database.exec('PRAGMA synchronous = OFF');
  for (let index = 0; index < count; index += 1) {
    const mirror: NewMirror = {
      name: `mirror-${index}`,
      kind: 'public',
      urls: [`${url}/m${index}`],
      country: countries[index % countries.length] ?? 'DE',
      asns: [64_512 + (index % 1000)],
      netblocks: [],
      weight: 100 + (index % 10) * 100,
      repositories: [],
      onlyCountries: [],
      exceptCountries: [],
      enabled: true,
      approved: true,
    };
    await registry.add(mirror, by);
  }
}

/** Every mirror has been probed once when most are healthy; before that, clients are served by the origin. */
export async function waitForMirrors(command: readonly string[], mirrors: number): Promise<void> {
  const [program = '', ...args] = command;
  for (let attempt = 0; attempt < 60; attempt += 1) {
    const healthy = runCommand(program, args).match(/"healthy":true/g)?.length ?? 0;
    if (healthy === mirrors) return;
    await sleep(1000);
  }
  throw new Error('the mirrors did not become healthy');
}

function placeBlobs(data: string, blobs: readonly { repository: RepositoryName; digest: Digest }[]): void {
  let original = '';
  const folders = new Set<string>();
  for (const [index, { repository, digest }] of blobs.entries()) {
    const folder = join(data, 'tree/v2', repository, 'blobs');
    if (!folders.has(folder)) mkdirSync(folder, { recursive: true });
    folders.add(folder);
    const file = join(folder, digest);
    if (index % namesPerFile === 0) {
      writeFileSync(file, '');
      truncateSync(file, blobSize);
      original = file;
    } else {
      linkSync(original, file);
    }
  }
}

function placeList(
  data: string,
  repository: RepositoryName,
): { repository: RepositoryName; digest: Digest; size: number } {
  const manifests = ['amd64', 'arm64', 'ppc64le', 's390x'].map((architecture) => ({
    mediaType: mediaTypes.ociManifest,
    digest: digestOf(architecture),
    size: 1234,
    platform: { os: 'linux', architecture },
  }));
  const bytes = Buffer.from(
    JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests }, null, 2),
  );
  const digest = digestOf(bytes);
  const folder = join(data, 'tree/v2', repository, 'manifests');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `sha256:${digestHex(digest)}`), bytes);
  const signatures = join(data, 'tree/signatures', `${repository}@sha256=${digestHex(digest)}`);
  mkdirSync(signatures, { recursive: true });
  writeFileSync(join(signatures, 'signature-1'), Buffer.alloc(900, 'signature'));
  return { repository, digest, size: bytes.length };
}
