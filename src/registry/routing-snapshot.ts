import type { Digest } from '../oci/digest.ts';
import { type RepositoryName, type TagName, isArtifactTag } from '../oci/reference.ts';
import type { PublishedBlob, PublishedContent, PublishedManifest } from '../ports/publications.ts';
import { type DigestTable, DigestTableBuilder } from './digest-table.ts';

import { EvenSample } from './even-sample.ts';
import { NewestSample } from './newest-sample.ts';

/** All that is published, compiled for look-up. Nothing in it ever changes: a new one replaces it. */
export interface RoutingSnapshot {
  /** The publication serial that it was compiled at. */
  readonly serial: number;
  readonly counts: Readonly<Record<'repositories' | 'tags' | 'manifests' | 'blobs', number>>;
  /** The names of a repository's tags, sorted by code point; undefined for a repository that does not exist. */
  tagNames(repository: RepositoryName): readonly TagName[] | undefined;
  /** The last publication that brought a blob to the repository; 0 while it has none, undefined where there is none. */
  blobSerial(repository: RepositoryName): number | undefined;
  findTag(repository: RepositoryName, tag: TagName): Digest | undefined;
  findManifest(repository: RepositoryName, digest: Digest): ManifestEntry | undefined;
  findBlob(repository: RepositoryName, digest: Digest): BlobEntry | undefined;
  /** Some of the blobs, spread evenly over all of them: what probes compare mirrors by. */
  readonly samples: readonly PublishedBlob[];
  /** Some of the blobs of the last publications, the newest first: what a mirror that claims to have them is asked for. */
  readonly newest: readonly PublishedBlob[];
  /** The manifests that name `subject` as theirs, sorted by digest. */
  referrers(repository: RepositoryName, subject: Digest): readonly PublishedManifest[];
}

export interface ManifestEntry {
  readonly mediaType: string;
  /** In bytes. */
  readonly size: number;
}

export interface BlobEntry {
  /** In bytes. */
  readonly size: number;
  /** A mirror at this serial or a later one has it. */
  readonly serial: number;
}

const sampleLimit = 8192;
const newestLimit = 1024;
/** How many short lists are sorted in a piece. */
const sortPiece = 128;

/**
 * Compiles a snapshot in pieces; `pause` is awaited after each, of a millisecond or less, and gives the event loop its
 * turn when it sees fit. Tags are read before what they lead to, so that a publication in the middle adds content that nothing names yet, never a tag that leads nowhere.
 */
export async function compileSnapshot(
  content: PublishedContent,
  pause: () => Promise<void>,
): Promise<RoutingSnapshot> {
  const serial = await content.serial();
  const repositories = new Map<RepositoryName, Repository>();
  const repositoryOf = (name: RepositoryName): Repository => {
    const known = repositories.get(name);
    if (known !== undefined) return known;
    const added: Repository = { id: repositories.size, tags: new Map(), names: [], serial: 0 };
    repositories.set(name, added);
    return added;
  };
  const counts = { repositories: 0, tags: 0, manifests: 0, blobs: 0 };

  for await (const batch of content.tags()) {
    for (const { repository, tag, list } of batch) repositoryOf(repository).tags.set(tag, list);
    counts.tags += batch.length;
    await pause();
  }
  let piece = 0;
  for (const repository of repositories.values()) {
    if (piece++ % sortPiece === 0) await pause();
    repository.names = [...repository.tags.keys()].filter((tag) => !isArtifactTag(tag)).sort();
  }

  const mediaTypes: string[] = [];
  const manifestBuilder = new DigestTableBuilder();
  const referrers = new Map<string, PublishedManifest[]>();
  for await (const batch of content.manifests()) {
    for (const manifest of batch) {
      const { id } = repositoryOf(manifest.repository);
      manifestBuilder.add(manifest.digest, id, indexOf(mediaTypes, manifest.mediaType), manifest.size, 0);
      if (manifest.subject !== undefined) addReferrer(referrers, manifest, manifest.subject);
    }
    counts.manifests += batch.length;
    await pause();
  }
  for (const list of referrers.values()) {
    if (piece++ % sortPiece === 0) await pause();
    list.sort((a, b) => (a.digest < b.digest ? -1 : 1));
  }

  const blobBuilder = new DigestTableBuilder();
  const samples = new EvenSample<PublishedBlob>(sampleLimit);
  const newest = new NewestSample<PublishedBlob>(newestLimit);
  for await (const batch of content.blobs()) {
    for (const blob of batch) {
      const { repository, digest, size, serial } = blob;
      samples.offer(blob);
      newest.offer(blob);
      const its = repositoryOf(repository);
      its.serial = Math.max(its.serial, serial);
      blobBuilder.add(digest, its.id, serial, size >>> 0, Math.floor(size / 2 ** 32));
    }
    counts.blobs += batch.length;
    await pause();
  }
  counts.repositories = repositories.size;
  const manifests = await manifestBuilder.build(pause);
  const blobs = await blobBuilder.build(pause);
  return openSnapshot({
    serial,
    counts,
    repositories,
    mediaTypes,
    manifests,
    blobs,
    samples: samples.kept,
    newest: newest.kept,
    referrers,
  });
}

interface Repository {
  readonly id: number;
  readonly tags: Map<TagName, Digest>;
  names: readonly TagName[];
  serial: number;
}

interface Compiled {
  readonly serial: number;
  readonly counts: RoutingSnapshot['counts'];
  readonly repositories: ReadonlyMap<RepositoryName, Repository>;
  readonly mediaTypes: readonly string[];
  readonly manifests: DigestTable;
  readonly blobs: DigestTable;
  readonly samples: readonly PublishedBlob[];
  readonly newest: readonly PublishedBlob[];
  readonly referrers: ReadonlyMap<string, readonly PublishedManifest[]>;
}

const none: readonly PublishedManifest[] = [];

function openSnapshot(compiled: Compiled): RoutingSnapshot {
  const { repositories, mediaTypes, manifests, blobs, referrers } = compiled;
  return {
    serial: compiled.serial,
    counts: compiled.counts,
    samples: compiled.samples,
    newest: compiled.newest,
    tagNames: (repository) => repositories.get(repository)?.names,
    blobSerial: (repository) => repositories.get(repository)?.serial,
    findTag: (repository, tag) => repositories.get(repository)?.tags.get(tag),
    findManifest(repository, digest) {
      const id = repositories.get(repository)?.id;
      const entry = id === undefined ? -1 : manifests.find(digest, id);
      if (entry < 0) return undefined;
      return { mediaType: mediaTypes[manifests.first(entry)] ?? '', size: manifests.second(entry) };
    },
    findBlob(repository, digest) {
      const id = repositories.get(repository)?.id;
      const entry = id === undefined ? -1 : blobs.find(digest, id);
      if (entry < 0) return undefined;
      return { size: blobs.second(entry) + blobs.third(entry) * 2 ** 32, serial: blobs.first(entry) };
    },
    referrers: (repository, subject) => referrers.get(`${repository}@${subject}`) ?? none,
  };
}

function addReferrer(
  referrers: Map<string, PublishedManifest[]>,
  manifest: PublishedManifest,
  subject: Digest,
): void {
  const key = `${manifest.repository}@${subject}`;
  const list = referrers.get(key);
  if (list === undefined) referrers.set(key, [manifest]);
  else list.push(manifest);
}

/** There are a handful of media types: each is kept once. */
function indexOf(mediaTypes: string[], mediaType: string): number {
  const index = mediaTypes.indexOf(mediaType);
  return index >= 0 ? index : mediaTypes.push(mediaType) - 1;
}
