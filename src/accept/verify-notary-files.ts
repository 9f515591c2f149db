import { SignpostError } from '../oci/errors.ts';
import { type RegistryHost, isTagName } from '../oci/reference.ts';
import type { MetadataTree } from '../ports/metadata-tree.ts';
import type { MetadataFile } from '../trust/metadata-file.ts';
import { metadataPath } from '../trust/metadata-path.ts';
import { releasesRole } from '../trust/notary-v1/metadata.ts';
import { type Collection, notaryPath, parseNotaryPath } from '../trust/notary-v1/names.ts';
import { readNotaryFile } from '../trust/notary-v1/read-metadata.ts';
import { type CollectionFiles, verifyCollection } from '../trust/notary-v1/verify-collection.ts';
import { quote } from '../oci/digest.ts';
import { type VerifiedFiles, readFiles } from './verified-files.ts';

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
  const published = await readPublished(metadataTree, collection, offered);
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

async function readPublished(
  tree: Pick<MetadataTree, 'read'>,
  collection: Collection,
  offered: CollectionFiles,
): Promise<CollectionFiles> {
  const files = new Map<string, Uint8Array>();
  const read = async (...names: readonly string[]) => {
    for (const name of names) {
      const path = notaryPath(collection, name);
      const bytes = (await readFiles(tree, 'notary', [path])).get(path);
      if (bytes !== undefined) files.set(name, bytes);
    }
  };
  const named = (role: string, sha256 = '') =>
    `${role}.${Buffer.from(sha256, 'base64').toString('hex')}.json`;
  await read('root.json', 'timestamp.json', ...offered.keys());
  const root = files.get('root.json');
  const versions = root === undefined ? 0 : readNotaryFile(root, 'Root', 'root.json').signed.version;
  for (let version = 1; version <= versions; version += 1) await read(`${version}.root.json`);
  const timestamp = files.get('timestamp.json');
  if (timestamp === undefined) return files;
  const { snapshot } = readNotaryFile(timestamp, 'Timestamp', 'timestamp.json').signed.meta;
  const snapshotName = named('snapshot', snapshot.hashes.sha256);
  await read(snapshotName);
  const bytes = files.get(snapshotName);
  if (bytes === undefined) return files;
  const { meta } = readNotaryFile(bytes, 'Snapshot', snapshotName).signed;
  for (const role of ['root', 'targets', releasesRole]) {
    const hash = meta[role]?.hashes.sha256;
    if (hash !== undefined) await read(named(role, hash));
  }
  return files;
}
