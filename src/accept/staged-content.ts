import type { Descriptor } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import { SignpostError } from '../oci/errors.ts';
import { blobsOf, parseManifest } from '../oci/manifest.ts';
import type { Publications } from '../ports/publications.ts';
import type { Staging } from '../ports/staging.ts';

/** The bytes of a staged list and of every manifest that it names, each once. */
export interface StagedContent {
  readonly list: Uint8Array;
  readonly manifests: readonly { readonly descriptor: Descriptor; readonly bytes: Uint8Array }[];
}

/**
 * Reads all of a staged image that has to be read, and checks that its blobs are staged or published.
 * @throws SignpostError NOT_FOUND, DIGEST_MISMATCH, MANIFEST_INVALID, STORAGE
 */
export async function readStagedContent(
  { staging, publications }: { readonly staging: Staging; readonly publications: Publications },
  digest: Digest,
): Promise<StagedContent> {
  const bytes = await staging.readManifest(digest);
  const list = parseManifest(bytes);
  if (list.kind !== 'list') throw new SignpostError('MANIFEST_INVALID', `${digest} is not a list`);
  const named = new Map(list.manifests.map((descriptor) => [descriptor.digest, descriptor]));
  const manifests = [];
  for (const descriptor of named.values()) {
    const manifest = await staging.readManifest(descriptor.digest);
    manifests.push({ descriptor, bytes: manifest });
    const parsed = parseManifest(manifest, descriptor.mediaType);
    if (parsed.kind !== 'image')
      throw new SignpostError('MANIFEST_INVALID', `${descriptor.digest} is a list`);
    for (const blob of blobsOf(parsed)) {
      if ((await staging.hasBlob(blob.digest)) || publications.findBlob(blob.digest) !== undefined) continue;
      throw new SignpostError('NOT_FOUND', `blob ${blob.digest} is neither staged nor published`);
    }
  }
  return { list: bytes, manifests };
}
