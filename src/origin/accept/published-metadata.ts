import type { MetadataTree } from '../../ports/metadata-tree.ts';
import { releasesRole } from '../../trust/notary-v1/metadata.ts';
import { type Collection, notaryPath } from '../../trust/notary-v1/names.ts';
import { readNotaryFile } from '../../trust/notary-v1/read-metadata.ts';
import type { CollectionFiles } from '../../trust/notary-v1/verify-collection.ts';
import { readStrictMetadata } from '../../trust/tuf/read-strict-metadata.ts';
import type { MetadataFiles } from '../../trust/tuf/verify-publication.ts';
import { readFiles } from './verified-files.ts';

/**
 * The TUF files that a client knows that has seen everything, and those of the names `others`.
 * @throws SignpostError STORAGE, and for what cannot be understood TRUST, REQUEST_INVALID, LIMIT_EXCEEDED
 */
export async function readPublishedTuf(
  tree: Pick<MetadataTree, 'read'>,
  others: Iterable<string> = [],
): Promise<MetadataFiles> {
  const files = await readFiles(tree, 'tuf', ['timestamp.json', ...others]);
  for (let version = 1; ; version += 1) {
    const found = await readFiles(tree, 'tuf', [`${version}.root.json`]);
    if (found.size === 0) break;
    for (const [name, bytes] of found) files.set(name, bytes);
  }
  const timestamp = files.get('timestamp.json');
  if (timestamp === undefined) return files;
  const { meta } = readStrictMetadata(timestamp, 'timestamp', 'timestamp.json').signed;
  const name = `${meta['snapshot.json'].version}.snapshot.json`;
  const snapshot = (await readFiles(tree, 'tuf', [name])).get(name);
  if (snapshot === undefined) return files;
  const roles = Object.entries(readStrictMetadata(snapshot, 'snapshot', name).signed.meta);
  const named = roles.map(([role, { version }]) => `${version}.${role}`);
  return new Map([...files, [name, snapshot], ...(await readFiles(tree, 'tuf', named))]);
}

/** The same of the Notary v1 metadata of a repository. */
export async function readPublishedNotary(
  tree: Pick<MetadataTree, 'read'>,
  collection: Collection,
  others: Iterable<string> = [],
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
  await read('root.json', 'timestamp.json', ...others);
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
