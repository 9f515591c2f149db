import { SignpostError } from '../../oci/errors.ts';
import { type RegistryHost, isTagName } from '../../oci/reference.ts';
import type { MetadataTree } from '../../ports/metadata-tree.ts';
import type { MetadataFile } from '../../trust/metadata-file.ts';
import { metadataPath } from '../../trust/metadata-path.ts';
import { type Collection, notaryPath, parseNotaryPath } from '../../trust/notary-v1/names.ts';
import { verifyCollection } from '../../trust/notary-v1/verify-collection.ts';
import { quote } from '../../oci/digest.ts';
import { readPublishedNotary } from './published-metadata.ts';
import type { VerifiedFiles } from './verified-files.ts';

export interface NotaryDeps {
  readonly registry: RegistryHost;
  readonly metadataTree: Pick<MetadataTree, 'read'>;
  readonly metadata: { readonly notaryCertificates: ReadonlySet<string> };
}

/**
 * Verifies the Notary v1 files of one repository against those that are published.
 * @throws SignpostError TRUST, ROLLBACK, REQUEST_INVALID, LIMIT_EXCEEDED, STORAGE
 */
export async function verifyNotaryFiles(
  { registry, metadataTree, metadata }: NotaryDeps,
  files: readonly MetadataFile[],
  now: number,
): Promise<VerifiedFiles> {
  const offered = new Map<string, Uint8Array>();
  let collection: Collection | undefined;
  for (const { path, bytes } of files) {
    const found = parseNotaryPath(path);
    if (found === undefined || found.registry !== registry) {
      throw new SignpostError('REQUEST_INVALID', `${quote(path)} is no file of Notary v1 for ${registry}`);
    }
    collection = found;
    offered.set(found.file, bytes);
  }
  if (collection === undefined) throw new SignpostError('REQUEST_INVALID', 'there are no files');
  const { repository } = collection;
  const published = await readPublishedNotary(metadataTree, collection, offered.keys());
  const policy = { collection, certificates: metadata.notaryCertificates, now };
  const verified = verifyCollection(policy, published, offered);
  return {
    tags: Object.entries(verified.tags).map(([tag, { hashes }]) => {
      if (!isTagName(tag)) throw new SignpostError('TRUST', `${quote(tag)} cannot be a tag`);
      return { repository, tag, sha256: Buffer.from(hashes.sha256, 'base64').toString('hex') };
    }),
    files: verified.files.map(({ file, bytes }) => ({
      path: metadataPath('notary', notaryPath({ registry, repository }, file)),
      bytes,
    })),
    expires: verified.expires,
  };
}
