import { SignpostError } from '../oci/errors.ts';
import { type RepositoryName, formatTaggedReference } from '../oci/reference.ts';
import type { MetadataEvent, MetadataSigner, SignedFile } from '../ports/metadata-signing.ts';
import type { RawSigner } from '../ports/raw-signing.ts';
import { keyIdOf, tufKeyOf } from '../trust/tuf/key.ts';
import type { FileMeta, Metadata } from '../trust/tuf/metadata.ts';
import { type TopRole, fileOfRole, repositoryOfRole, roleOfRepository } from '../trust/tuf/names.ts';
import {
  fileMetaOf,
  nextRepositoryTargets,
  nextSnapshot,
  nextTargets,
  nextTimestamp,
} from '../trust/tuf/next-metadata.ts';
import { type TrustedMetadata, checkRoot, expiryOf } from '../trust/tuf/trusted-metadata.ts';
import { readOwnMetadata } from './read-own-metadata.ts';
import { sealMetadata } from './seal-metadata.ts';

/** The keys that the signing machine has. Those of the root role are elsewhere. */
export interface TufKeys {
  readonly targets: readonly RawSigner[];
  readonly snapshot: readonly RawSigner[];
  /** None where a key at the origin signs the timestamp. */
  readonly timestamp: readonly RawSigner[];
}

/** How long files live, in milliseconds. */
export type TufLives = Readonly<Record<Exclude<TopRole, 'root'>, number>>;

/** Signs TUF metadata. `roots` are root.json's versions, the first one trusted by itself, in order. */
export function createTufSigner(
  keys: TufKeys,
  roots: readonly Uint8Array[],
  lives: TufLives,
): MetadataSigner {
  return {
    format: 'tuf',
    async sign(event) {
      const previous = readOwnMetadata(event.own, roots);
      checkRoot(previous, event.now);
      const sign = createFileSigner(previous);
      const changed = new Map<string, FileMeta>();
      const files: SignedFile[] = roots.map((bytes, index) =>
        toFile('root', index + previous.root.version - roots.length + 1, bytes),
      );
      const add = async (role: string, metadata: Metadata, owners: readonly RawSigner[]) => {
        const bytes = await sign(metadata, owners);
        files.push(toFile(role, metadata.version, bytes));
        const meta = fileMetaOf(bytes, metadata);
        changed.set(`${role}.json`, meta);
        return meta;
      };
      await signTargets(keys.targets, previous, event, lives, add);
      const snapshot = nextSnapshot(previous.snapshot, changed, event.now + lives.snapshot);
      const meta = await add('snapshot', snapshot, keys.snapshot);
      if (keys.timestamp.length > 0) {
        const timestamp = nextTimestamp(previous.timestamp, meta, event.now + lives.timestamp);
        await add('timestamp', timestamp, keys.timestamp);
      }
      return files;
    },
  };
}

async function signTargets(
  owners: readonly RawSigner[],
  previous: TrustedMetadata,
  event: MetadataEvent,
  lives: TufLives,
  add: (role: string, metadata: Metadata, owners: readonly RawSigner[]) => Promise<FileMeta>,
): Promise<void> {
  const expires = event.now + lives.targets;
  const delegate = {
    keys: owners.map(({ publicKey }) => tufKeyOf(publicKey)),
    threshold: previous.root.roles.targets.threshold,
  };
  const before = Object.keys(previous.targets?.delegations?.keys ?? {}).sort();
  const rotated = before.join(' ') !== delegate.keys.map(keyIdOf).sort().join(' ');
  const byRepository = Map.groupBy(event.tags, ({ repository }) => repository);
  for (const repository of repositoriesToSign(event, previous, lives, rotated)) {
    const role = roleOfRepository(repository);
    const tags = (byRepository.get(repository) ?? []).map((tag) => ({
      ...tag,
      reference: `${event.registry}/${formatTaggedReference(tag)}`,
    }));
    await add(role, nextRepositoryTargets(previous.delegated.get(role), repository, tags, expires), owners);
  }
  const repositories = new Set([...knownRepositories(previous), ...byRepository.keys()]);
  await add('targets', nextTargets(previous.targets, repositories, delegate, expires), owners);
}

/** Those with new tags, those of which less than half of the life is left, and all when their keys are others now. */
function repositoriesToSign(
  { tags, now }: MetadataEvent,
  previous: TrustedMetadata,
  lives: TufLives,
  rotated: boolean,
): ReadonlySet<RepositoryName> {
  const old = knownRepositories(previous).filter((repository) => {
    const metadata = previous.delegated.get(roleOfRepository(repository));
    return rotated || metadata === undefined || expiryOf(metadata) - now < lives.targets / 2;
  });
  return new Set([...tags.map(({ repository }) => repository), ...old]);
}

function knownRepositories({ delegated }: TrustedMetadata): readonly RepositoryName[] {
  return [...delegated.keys()].map(repositoryOfRole).filter((repository) => repository !== undefined);
}

function toFile(role: string, version: number, bytes: Uint8Array): SignedFile {
  return { format: 'tuf', name: `tuf/${role}`, path: fileOfRole(role, version), bytes };
}

/** Signs with all of the keys, and checks that those are the ones that clients will look for. */
function createFileSigner({ root }: TrustedMetadata) {
  return async (metadata: Metadata, owners: readonly RawSigner[]): Promise<Uint8Array> => {
    const role = root.roles[metadata._type];
    const { bytes, keyids } = await sealMetadata(metadata, owners);
    const have = keyids.filter((id) => role.keyids.includes(id)).length;
    if (have >= role.threshold) return bytes;
    throw new SignpostError(
      'TRUST',
      `the TUF root needs ${role.threshold} of its ${metadata._type} keys, and ${have} of the given keys are among them`,
    );
  };
}
