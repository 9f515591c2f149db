import type { Digest } from '../../oci/digest.ts';
import { blobsOf, parseManifest } from '../../oci/manifest.ts';

/** Manifests and blobs below some manifest lists, the lists included. Each manifest comes before what it names. */
export interface ReachableContent {
  readonly manifests: ReadonlySet<Digest>;
  readonly blobs: ReadonlySet<Digest>;
}

/** Follows manifest lists down to their blobs. What `read` knows nothing of (undefined) is left out. */
export async function collectReachable(
  lists: readonly Digest[],
  read: (digest: Digest) => Promise<Uint8Array | undefined>,
): Promise<ReachableContent> {
  const manifests = new Set<Digest>();
  const blobs = new Set<Digest>();
  const pending = [...lists];
  for (let digest = pending.pop(); digest !== undefined; digest = pending.pop()) {
    if (manifests.has(digest)) continue;
    const bytes = await read(digest);
    if (bytes === undefined) continue;
    manifests.add(digest);
    const manifest = parseManifest(bytes);
    if (manifest.kind === 'list') pending.push(...manifest.manifests.map((below) => below.digest));
    else for (const blob of blobsOf(manifest)) blobs.add(blob.digest);
  }
  return { manifests, blobs };
}
