import type { Descriptor } from '../../oci/descriptor.ts';
import type { Digest } from '../../oci/digest.ts';
import { SignpostError } from '../../oci/errors.ts';
import { type ImageManifest, type Manifest, type ManifestList, parseManifest } from '../../oci/manifest.ts';
import type { Staging } from '../../ports/staging.ts';

/** A staged manifest: the digest of its bytes was right when they were read. */
export interface StagedManifest<Kind extends Manifest = ImageManifest> {
  readonly descriptor: Pick<Descriptor, 'digest' | 'mediaType' | 'size'>;
  readonly bytes: Uint8Array;
  readonly manifest: Kind;
}

/** A staged list, and every manifest that it names, each once. */
export interface StagedContent {
  readonly list: StagedManifest<ManifestList>;
  readonly manifests: readonly StagedManifest[];
}

/**
 * Reads all of a staged image but its blobs.
 * @throws SignpostError NOT_FOUND, DIGEST_MISMATCH, MANIFEST_INVALID, STORAGE
 */
export async function readStagedContent(
  staging: Pick<Staging, 'readManifest'>,
  digest: Digest,
): Promise<StagedContent> {
  const bytes = await staging.readManifest(digest);
  const list = parseManifest(bytes);
  if (list.kind !== 'list') throw new SignpostError('MANIFEST_INVALID', `${digest} is not a list`);
  const named = new Map(list.manifests.map((descriptor) => [descriptor.digest, descriptor]));
  const manifests = [];
  for (const descriptor of named.values()) {
    const read = await staging.readManifest(descriptor.digest);
    const manifest = parseManifest(read, descriptor.mediaType);
    if (manifest.kind !== 'image') {
      throw new SignpostError('MANIFEST_INVALID', `${descriptor.digest} is a list`);
    }
    manifests.push({ descriptor, bytes: read, manifest });
  }
  const { mediaType } = list;
  return {
    list: { descriptor: { digest, mediaType, size: bytes.length }, bytes, manifest: list },
    manifests,
  };
}
