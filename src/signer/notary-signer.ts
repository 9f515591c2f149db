import { SignpostError } from '../oci/errors.ts';
import type { RepositoryName } from '../oci/reference.ts';
import type { MetadataEvent, MetadataSigner, SignedFile } from '../ports/metadata-signing.ts';
import type { RawSigner } from '../ports/raw-signing.ts';
import { notaryKeyId, notaryKeyOf } from '../trust/notary-v1/key.ts';
import {
  type NotaryMetadata,
  type NotaryRoot,
  notaryFileLimit,
  releasesRole,
} from '../trust/notary-v1/metadata.ts';
import { type Collection, consistentName, notaryPath } from '../trust/notary-v1/names.ts';
import {
  formatNotaryFile,
  nextNotaryReleases,
  nextNotarySnapshot,
  nextNotaryTargets,
  nextNotaryTimestamp,
  notarySignature,
  notarySignedBytes,
} from '../trust/notary-v1/next-metadata.ts';
import { readNotaryFile } from '../trust/notary-v1/read-metadata.ts';

/** The keys that the signing machine has. Those of the root role are elsewhere. */
export interface NotarySigners {
  /** Signs "targets" and "targets/releases". */
  readonly targets: RawSigner;
  readonly snapshot: RawSigner;
  readonly timestamp: RawSigner;
}

/** How long files live, in milliseconds. */
export interface NotaryLives {
  readonly targets: number;
  readonly snapshot: number;
  readonly timestamp: number;
}

/**
 * Signs Notary v1 metadata. `roots` are the versions of root.json in order; they serve for every repository that their
 * certificates name.
 */
export function createNotarySigner(
  signers: NotarySigners,
  roots: readonly Uint8Array[],
  lives: NotaryLives,
): MetadataSigner {
  const read = roots.map((bytes) => ({ bytes, root: readNotaryFile(bytes, 'Root', 'root.json').signed }));
  const newest = read.at(-1);
  if (newest === undefined) throw new SignpostError('CONFIG_INVALID', 'a Notary v1 signer needs the root');
  for (const role of ['targets', 'snapshot', 'timestamp'] as const)
    checkKey(newest.root, role, signers[role]);
  return {
    format: 'notary',
    async sign(event) {
      const files: SignedFile[] = [];
      for (const [repository, tags] of Map.groupBy(event.tags, (tag) => tag.repository)) {
        files.push(...rootFiles({ registry: event.registry, repository }, read));
        files.push(...(await signCollection(signers, newest.bytes, lives, { ...event, tags }, repository)));
      }
      return files;
    },
  };
}

async function signCollection(
  signers: NotarySigners,
  root: Uint8Array,
  lives: NotaryLives,
  event: MetadataEvent,
  repository: RepositoryName,
): Promise<readonly SignedFile[]> {
  const { own, now } = event;
  const collection = { registry: event.registry, repository };
  const previous = <T extends 'Targets' | 'Snapshot' | 'Timestamp'>(role: string, type: T) => {
    const name = nameOf(collection, role);
    const bytes = own.get(name);
    return bytes && readNotaryFile(bytes, type, name).signed;
  };
  const releases = await seal(
    nextNotaryReleases(previous(releasesRole, 'Targets'), event.tags, now + lives.targets),
    signers.targets,
  );
  const delegate = notaryKeyOf(signers.targets.publicKey);
  const targets = await seal(
    nextNotaryTargets(previous('targets', 'Targets'), delegate, now + lives.targets),
    signers.targets,
  );
  const meta = { root, targets, [releasesRole]: releases };
  const snapshot = await seal(
    nextNotarySnapshot(previous('snapshot', 'Snapshot'), meta, now + lives.snapshot),
    signers.snapshot,
  );
  const timestamp = await seal(
    nextNotaryTimestamp(previous('timestamp', 'Timestamp'), snapshot, now + lives.timestamp),
    signers.timestamp,
  );
  const toFile = (role: string, bytes: Uint8Array, file = consistentName(role, bytes)): SignedFile => ({
    format: 'notary',
    name: nameOf(collection, role),
    path: notaryPath(collection, file),
    bytes,
  });
  return [
    toFile(releasesRole, releases),
    toFile('targets', targets),
    toFile('snapshot', snapshot),
    toFile('timestamp', timestamp, 'timestamp.json'),
  ];
}

function rootFiles(
  collection: Collection,
  roots: readonly { readonly bytes: Uint8Array; readonly root: NotaryRoot }[],
): readonly SignedFile[] {
  const toFile = (file: string, bytes: Uint8Array): SignedFile => ({
    format: 'notary',
    name: nameOf(collection, 'root'),
    path: notaryPath(collection, file),
    bytes,
  });
  const numbered = roots.map(({ bytes, root }) => toFile(`${root.version}.root.json`, bytes));
  const newest = roots.at(-1)?.bytes ?? new Uint8Array();
  return [...numbered, toFile(consistentName('root', newest), newest), toFile('root.json', newest)];
}

async function seal(metadata: NotaryMetadata, signer: RawSigner): Promise<Uint8Array> {
  const der = await signer.sign(notarySignedBytes(metadata));
  const bytes = formatNotaryFile(metadata, [notarySignature(notaryKeyOf(signer.publicKey), der)]);
  if (bytes.length <= notaryFileLimit) return bytes;
  throw new SignpostError(
    'LIMIT_EXCEEDED',
    `a repository's tags would take ${bytes.length} bytes of Notary v1 metadata: at most ${notaryFileLimit}`,
  );
}

function checkKey(
  root: NotaryRoot,
  role: 'targets' | 'snapshot' | 'timestamp',
  { publicKey }: RawSigner,
): void {
  if (root.roles[role].keyids.includes(notaryKeyId(notaryKeyOf(publicKey)))) return;
  throw new SignpostError('TRUST', `the Notary v1 root names another ${role} key than the one given`);
}

function nameOf({ registry, repository }: Collection, role: string): string {
  return `notary/${registry}/${repository}:${role}`;
}
