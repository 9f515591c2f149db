import type { Descriptor } from '../../../oci/descriptor.ts';
import type { Digest } from '../../../oci/digest.ts';
import { isSignpostError, SignpostError } from '../../../oci/errors.ts';
import { type ListEntry, parseManifest } from '../../../oci/manifest.ts';
import { isImageType, isListType } from '../../../oci/media-types.ts';

const refName = 'org.opencontainers.image.ref.name';
/** Manifests that are looked into. */
const readLimit = 1024;

/** Finds what refers to a digest in a layout. */
export type FindReferrers = (digest: Digest) => Promise<readonly Descriptor[]>;

/**
 * Looks into the manifests that index.json names, and into those of the lists that stand in for the referrers API there,
 * for a subject. Each is read once.
 */
export function createLayoutReferrers(
  path: string,
  readManifest: (digest: Digest) => Promise<Uint8Array>,
  readEntries: () => Promise<readonly ListEntry[]>,
): FindReferrers {
  let indexed: Promise<ReadonlyMap<Digest, readonly Descriptor[]>> | undefined;
  const read = async (digest: Digest) => {
    try {
      return parseManifest(await readManifest(digest));
    } catch (error) {
      // What cannot be read refers to nothing.
      if (isSignpostError(error) && error.code !== 'CANCELLED') return undefined;
      throw error;
    }
  };
  const index = async () => {
    const bySubject = new Map<Digest, Descriptor[]>();
    const seen = new Set<Digest>();
    const pending = (await readEntries()).map(({ descriptor }) => descriptor);
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      const { digest, mediaType, annotations } = next;
      if (seen.has(digest)) continue;
      seen.add(digest);
      if (seen.size > readLimit) {
        throw new SignpostError('LIMIT_EXCEEDED', `${path} names more than ${readLimit} manifests`);
      }
      const standsIn = isListType(mediaType) && /^sha256-[0-9a-f]{64}$/.test(annotations?.[refName] ?? '');
      if (!standsIn && !isImageType(mediaType)) continue;
      const manifest = await read(digest);
      if (manifest?.kind === 'list') pending.push(...manifest.manifests);
      const subject = manifest?.subject?.digest;
      if (subject !== undefined) bySubject.set(subject, [...(bySubject.get(subject) ?? []), next]);
    }
    return bySubject;
  };
  return async (digest) => {
    indexed ??= index();
    return (await indexed).get(digest) ?? [];
  };
}
