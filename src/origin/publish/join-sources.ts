import { type Digest, digestOf } from '../../oci/digest.ts';
import { SignpostError } from '../../oci/errors.ts';
import {
  blobsOf,
  type ListEntries,
  type Manifest,
  parseListEntries,
  parseManifest,
} from '../../oci/manifest.ts';
import { isListType, mediaTypes } from '../../oci/media-types.ts';
import { formatPlatform } from '../../oci/platform.ts';
import type { ImageSource, SourceManifest } from '../../ports/image-source.ts';
import { isAttestation } from './choose-manifests.ts';
import type { LeftOut } from './flatten-list.ts';
import type { PublishLimits } from './publish-limits.ts';
import { readImage } from './read-image.ts';
import { type ImageContent } from './image-content.ts';
import { explain, platformOf } from './read-part.ts';
import { isSchema1 } from './take-schema1.ts';

/** Several sources as one. */
export interface JoinedSources extends ImageSource {
  /** What the sources' lists name and this one does not. */
  readonly leftOut: readonly LeftOut[];
  /**
   * Refuses an image in which two sources have the same platform: no client would ever find the second.
   * @throws SignpostError MANIFEST_INVALID, naming both
   */
  checkPlatforms(image: Pick<ImageContent, 'parts'>): void;
}

/**
 * One list of what the lists of several sources name, in their order and as they write it. The same sources always give
 * the same bytes.
 * @throws SignpostError MANIFEST_INVALID, and what the sources throw
 */
export async function joinSources(
  sources: readonly ImageSource[],
  limits: PublishLimits,
  signal: AbortSignal,
): Promise<JoinedSources> {
  const owners = new Map<Digest, Set<ImageSource>>();
  const joined: ListEntries[] = [];
  const leftOut: LeftOut[] = [];
  const own = (digest: Digest, source: ImageSource) => {
    owners.set(digest, (owners.get(digest) ?? new Set()).add(source));
  };
  const claim = (source: ImageSource, manifest: Manifest) => {
    const named = manifest.kind === 'list' ? manifest.manifests : blobsOf(manifest);
    for (const { digest } of named) own(digest, source);
  };
  const ownersOf = (digest: Digest) => [...(owners.get(digest) ?? [])];
  const ownerOf = (digest: Digest): ImageSource => {
    const [owner] = ownersOf(digest);
    if (owner !== undefined) return owner;
    throw new SignpostError('NOT_FOUND', `no source has ${digest}`);
  };

  for (const source of sources) {
    const { bytes, mediaType } = await readAsList(source, limits, signal);
    const list = explain(source, { digest: digestOf(bytes) }, () => parseListEntries(bytes, mediaType));
    for (const { descriptor } of list.entries) own(descriptor.digest, source);
    for (const passed of list.passed) {
      const reason = `${source.name}: its digest or its media type, ${passed.mediaType}, is none that can be published`;
      leftOut.push({ digest: passed.digest, reason });
    }
    joined.push(list);
  }
  const isDocker = joined.every(({ list }) => list.mediaType === mediaTypes.dockerList);
  const mediaType = isDocker ? mediaTypes.dockerList : mediaTypes.ociIndex;
  const manifests = joined.flatMap(({ entries }) => entries.map(({ written }) => written));
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, manifests }));

  return {
    name: sources.map(({ name }) => name).join(' and '),
    root: () => Promise.resolve({ bytes, mediaType }),
    async manifest(descriptor) {
      const { digest } = descriptor;
      const owner = ownerOf(digest);
      const read = await owner.manifest(descriptor);
      // What it names is asked of its own source. Bytes of another digest are refused by the reader.
      if (digestOf(read.bytes) === digest)
        claim(
          owner,
          explain(owner, descriptor, () => parseManifest(read.bytes, descriptor.mediaType)),
        );
      return read;
    },
    blob: (descriptor, offset, stop) => ownerOf(descriptor.digest).blob(descriptor, offset, stop),
    async referrers(digest) {
      const [owner] = ownersOf(digest);
      const found = (await owner?.referrers?.(digest)) ?? [];
      for (const named of found) if (owner !== undefined) own(named.digest, owner);
      return found;
    },
    holds: async (descriptor) => (await ownerOf(descriptor.digest).holds?.(descriptor)) ?? true,
    close: () => Promise.resolve(),
    leftOut,
    checkPlatforms({ parts }) {
      const seen = new Map<string, Set<ImageSource>>();
      for (const part of parts) {
        if (isAttestation(part.descriptor)) continue;
        const platform = platformOf(part);
        const shown = platform === undefined ? 'what has no platform' : formatPlatform(platform);
        const key = platform === undefined ? '' : JSON.stringify(platform);
        const by = new Set([...(seen.get(key) ?? []), ...ownersOf(part.descriptor.digest)]);
        seen.set(key, by);
        // One source may have a platform twice: that is its own affair.
        if (by.size > 1) throw clash(shown, [...by]);
      }
    },
  };
}

/** The list of a source, or one around the manifest that it has. */
async function readAsList(
  source: ImageSource,
  limits: PublishLimits,
  signal: AbortSignal,
): Promise<SourceManifest> {
  const root = await source.root();
  if (isSchema1(root)) {
    throw new SignpostError('MANIFEST_INVALID', `${source.name} is Docker schema 1, which no list may name`);
  }
  const { bytes, mediaType } = root;
  const manifest = () => explain(source, { digest: digestOf(bytes) }, () => parseManifest(bytes, mediaType));
  const isList = mediaType === undefined ? manifest().kind === 'list' : isListType(mediaType);
  if (isList) return root;
  const { list } = await readImage({ ...source, root: () => Promise.resolve(root) }, [], limits, signal);
  return { bytes: list.bytes, mediaType: undefined };
}

function clash(platform: string, sources: readonly ImageSource[]): SignpostError {
  return new SignpostError(
    'MANIFEST_INVALID',
    `${sources.map(({ name }) => name).join(' and ')} both have ${platform}: leave one of them out, or publish them ` +
      `under different tags`,
  );
}
