import { createHash } from 'node:crypto';
import { certificateFileLimit, parseCertificates } from '../../adapters/keys/certificate-files.ts';
import { createFileMetadataTree } from '../../adapters/tree/file-metadata-tree.ts';
import { listCollections } from '../../adapters/tree/published-collections.ts';
import { readSmallFile } from '../../adapters/files/small-file.ts';
import type { TrustedMetadata } from '../../client/export/metadata-trust-files.ts';
import { parseRegistryHost } from '../../oci/reference.ts';
import type { Clock } from '../../ports/clock.ts';
import { metadataPath } from '../../trust/metadata-path.ts';
import { notaryKeyId, notaryRootKeyOf } from '../../trust/notary-v1/key.ts';
import { notaryPath } from '../../trust/notary-v1/names.ts';
import { readNotaryFile } from '../../trust/notary-v1/read-metadata.ts';
import { gunOf, judgeRootPin } from '../../trust/notary-v1/root-pin.ts';
import type { Config } from '../config/config-schema.ts';
import { foldersOf } from '../records/content.ts';
import { readTufRoot } from '../trust/tuf-root.ts';
import { waitForAll } from '../../parallel/wait-for-all.ts';

/**
 * The TUF root and the Notary v1 roots that clients may trust: the configured ones, and of the published collections
 * those that the configured certificates vouch for.
 * @throws SignpostError CONFIG_INVALID, NOT_FOUND, LIMIT_EXCEEDED, REQUEST_INVALID, STORAGE
 */
export async function readTrustedMetadata(config: Config, clock: Clock): Promise<TrustedMetadata> {
  const { tuf, notary } = config;
  const files = await waitForAll(
    notary.certificates.map(async (name) =>
      parseCertificates(await readSmallFile(name, certificateFileLimit), name),
    ),
  );
  const certificates = files.flat();
  return {
    tufRoot: tuf.root === undefined ? undefined : await readTufRoot(tuf.root),
    notaryKeyIds: certificates.map((der) => notaryKeyId(notaryRootKeyOf(der))),
    notaryRoots: certificates.length === 0 ? new Map() : await readRoots(config, certificates, clock),
  };
}

async function readRoots(
  config: Config,
  certificates: readonly Uint8Array[],
  clock: Clock,
): Promise<ReadonlyMap<string, Uint8Array>> {
  const { tree: folder } = foldersOf(config);
  const tree = createFileMetadataTree(folder);
  const trusted = new Set(certificates.map((der) => createHash('sha256').update(der).digest('hex')));
  const roots = new Map<string, Uint8Array>();
  for (const collection of await listCollections(folder, parseRegistryHost(config.registry.name))) {
    const bytes = await tree.read(metadataPath('notary', notaryPath(collection, 'root.json')));
    if (bytes === undefined) continue;
    const root = readNotaryFile(bytes, 'Root', `root.json of ${gunOf(collection)}`);
    if (judgeRootPin(root, collection, trusted, clock.now()) !== 'pinned') continue;
    roots.set(gunOf(collection), bytes);
  }
  return roots;
}
