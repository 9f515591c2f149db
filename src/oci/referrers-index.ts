import type { Digest } from './digest.ts';
import { mediaTypes } from './media-types.ts';

/** What an index of referrers says of one of them (distribution-spec 1.1, "Listing Referrers"). */
export interface Referrer {
  readonly mediaType: string;
  readonly digest: Digest;
  /** In bytes. */
  readonly size: number;
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/**
 * The image index of referrers in their order, or of as many of the first as fit in `limit` bytes of descriptors, one in
 * any case. The file in the tree and the answer of the Mirror List both come from here, so that they are the same bytes.
 */
export function formatReferrersIndex(
  referrers: readonly Referrer[],
  limit = Infinity,
): { readonly bytes: Buffer; readonly count: number } {
  const descriptors: string[] = [];
  let length = 0;
  for (const { mediaType, digest, size, artifactType, annotations } of referrers) {
    // What is undefined is left out.
    const descriptor = JSON.stringify({ mediaType, digest, size, artifactType, annotations });
    length += Buffer.byteLength(descriptor) + 1;
    if (length > limit && descriptors.length > 0) break;
    descriptors.push(descriptor);
  }
  const text = `{"schemaVersion":2,"mediaType":"${mediaTypes.ociIndex}","manifests":[${descriptors.join(',')}]}`;
  return { bytes: Buffer.from(text), count: descriptors.length };
}

/** The index of each manifest that others name as their subject, from the manifests of one repository. */
export function indexReferrers(
  manifests: Iterable<Referrer & { readonly subject?: Digest }>,
): ReadonlyMap<Digest, Uint8Array> {
  const bySubject = new Map<Digest, Referrer[]>();
  for (const manifest of manifests) {
    if (manifest.subject === undefined) continue;
    const list = bySubject.get(manifest.subject);
    if (list === undefined) bySubject.set(manifest.subject, [manifest]);
    else list.push(manifest);
  }
  return new Map(
    [...bySubject].map(([subject, list]) => [subject, formatReferrersIndex(list.sort(byDigest)).bytes]),
  );
}

export function byDigest(a: Referrer, b: Referrer): number {
  return a.digest < b.digest ? -1 : 1;
}
