import type { Digest } from '../../oci/digest.ts';
import { type TagName, isArtifactTag } from '../../oci/reference.ts';
import { byDigest } from '../../oci/referrers-index.ts';
import type { PublishedBlob, PublishedManifest, PublishedTag } from '../../ports/publications.ts';
import { type DigestTable, DigestTableBuilder } from './digest-table.ts';

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

/** All that one repository has published, compiled for look-up. It never changes. */
export class PublishedRepository {
  /** The last publication that brought a blob; 0 while it has none. */
  readonly blobSerial: number;
  /** Its tags but those that carry signatures, sorted by code point. */
  readonly tagNames: readonly TagName[];
  /** How many tags it has, with those that carry signatures. */
  readonly tagCount: number;
  #allTagNames: readonly TagName[] | undefined;
  readonly manifests: DigestTable;
  readonly blobs: DigestTable;
  readonly #tags: ReadonlyMap<TagName, Digest>;
  readonly #mediaTypes: readonly string[];
  readonly #referrers: Referrers | undefined;

  constructor(parts: RepositoryParts) {
    this.blobSerial = parts.blobSerial;
    this.tagNames = [...parts.tags.keys()].filter((tag) => !isArtifactTag(tag)).sort();
    this.tagCount = parts.tags.size;
    this.manifests = parts.manifests;
    this.blobs = parts.blobs;
    this.#tags = parts.tags;
    this.#mediaTypes = parts.mediaTypes;
    this.#referrers = parts.referrers;
  }

  /** With those that carry signatures. Sorted when somebody asks: hardly anybody does. */
  allTagNames(): readonly TagName[] {
    this.#allTagNames ??=
      this.tagNames.length === this.tagCount ? this.tagNames : [...this.#tags.keys()].sort();
    return this.#allTagNames;
  }

  findTag(tag: TagName): Digest | undefined {
    return this.#tags.get(tag);
  }

  findManifest(digest: Digest): ManifestEntry | undefined {
    const entry = this.manifests.find(digest);
    if (entry < 0) return undefined;
    return {
      mediaType: this.#mediaTypes[this.manifests.first(entry)] ?? '',
      size: this.manifests.second(entry),
    };
  }

  findBlob(digest: Digest): BlobEntry | undefined {
    const entry = this.blobs.find(digest);
    if (entry < 0) return undefined;
    return {
      size: this.blobs.second(entry) + this.blobs.third(entry) * 2 ** 32,
      serial: this.blobs.first(entry),
    };
  }

  /** The manifests that name `subject` as theirs, sorted by digest. */
  referrers(subject: Digest): readonly PublishedManifest[] {
    return this.#referrers?.get(subject) ?? none;
  }
}

type Referrers = ReadonlyMap<Digest, readonly PublishedManifest[]>;

interface RepositoryParts {
  readonly blobSerial: number;
  readonly tags: ReadonlyMap<TagName, Digest>;
  readonly mediaTypes: readonly string[];
  readonly manifests: DigestTable;
  readonly blobs: DigestTable;
  /** Undefined where there are none, as in most repositories. */
  readonly referrers: Referrers | undefined;
}

const none: readonly never[] = [];

/** Collects what one repository has published. */
export class PublishedRepositoryBuilder {
  readonly #tags = new Map<TagName, Digest>();
  readonly #mediaTypes: string[];
  readonly #manifests = new DigestTableBuilder();
  readonly #blobs = new DigestTableBuilder();
  #referrers: Map<Digest, PublishedManifest[]> | undefined;
  #blobSerial = 0;

  /** @param mediaTypes those that are known, for all repositories together: manifests name theirs by its number here */
  constructor(mediaTypes: string[]) {
    this.#mediaTypes = mediaTypes;
  }

  addTag({ tag, list }: PublishedTag): void {
    this.#tags.set(tag, list);
  }

  addManifest(manifest: PublishedManifest): void {
    const { digest, mediaType, size, subject } = manifest;
    this.#manifests.add(digest, indexOf(this.#mediaTypes, mediaType), size, 0);
    if (subject === undefined) return;
    this.#referrers ??= new Map();
    const known = this.#referrers.get(subject);
    if (known === undefined) this.#referrers.set(subject, [manifest]);
    else known.push(manifest);
  }

  addBlob({ digest, size, serial }: PublishedBlob): void {
    this.#blobSerial = Math.max(this.#blobSerial, serial);
    this.#blobs.add(digest, serial, size >>> 0, Math.floor(size / 2 ** 32));
  }

  /**
   * The builder is spent.
   * @param before the same repository earlier: a table in which nothing has changed is shared with it, so that signing
   * everything anew does not take the memory of everything twice
   */
  build(before: PublishedRepository | undefined): PublishedRepository {
    const referrers = this.#referrers;
    for (const list of referrers?.values() ?? none) list.sort(byDigest);
    return new PublishedRepository({
      blobSerial: this.#blobSerial,
      tags: this.#tags,
      mediaTypes: this.#mediaTypes,
      manifests: shared(this.#manifests.build(), before?.manifests),
      blobs: shared(this.#blobs.build(), before?.blobs),
      referrers,
    });
  }
}

function shared(table: DigestTable, before: DigestTable | undefined): DigestTable {
  return before?.equals(table) === true ? before : table;
}

/** There are a handful of media types: each is kept once, and never taken away. */
function indexOf(mediaTypes: string[], mediaType: string): number {
  const index = mediaTypes.indexOf(mediaType);
  return index >= 0 ? index : mediaTypes.push(mediaType) - 1;
}
