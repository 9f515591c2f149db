import { digestOf, parseDigest, quote } from '../oci/digest.ts';
import { SignpostError } from '../oci/errors.ts';
import { formatTaggedReference } from '../oci/reference.ts';
import type { RemoteMetadata } from '../ports/remote-metadata.ts';
import type { SeenMetadata } from '../ports/seen-metadata.ts';
import { metadataPath } from '../trust/metadata-path.ts';
import type { Collection } from '../trust/notary-v1/names.ts';
import { type Metadata, type Targets, metadataLimits } from '../trust/tuf/metadata.ts';
import { parseTargetPath, roleOfRepository } from '../trust/tuf/names.ts';
import { readMetadata } from '../trust/tuf/read-metadata.ts';
import {
  type TrustedMetadata,
  trustRoot,
  updateRoot,
  updateSnapshot,
  updateTimestamp,
  verifyTargets,
  withRoot,
} from '../trust/tuf/trusted-metadata.ts';
import type { MetadataEvidence, NamedTag } from '../trust/verify/metadata-evidence.ts';
import { type Step, failed } from '../trust/verify/step.ts';
import { type MetadataReader, recall, stepOfError, stepOfRole } from './metadata-reader.ts';

export interface TufReaderDeps {
  readonly remote: RemoteMetadata;
  /** The root that this machine has, of whatever version. */
  readonly root: Uint8Array;
  /** Without it an older state cannot be told. */
  readonly seen?: SeenMetadata;
}

/** How many roots are followed at most: each is fetched and verified before the next one is asked for. */
const rotationsLimit = 256;

type Files = ReadonlyMap<string, Uint8Array>;

/** A client of TUF 1.0, section 5, that looks at the role of one repository. */
export function createTufReader(deps: TufReaderDeps): MetadataReader {
  let verified: { readonly name: string; readonly files: Files } | undefined;
  return {
    async read(collection, now) {
      const name = `tuf ${collection.registry}`;
      const { evidence, files } = await walk(deps, name, collection, now);
      verified = files && { name, files };
      return evidence;
    },
    async remember() {
      if (verified !== undefined) await deps.seen?.remember(verified.name, verified.files);
    },
  };
}

async function walk(
  deps: TufReaderDeps,
  name: string,
  { registry, repository }: Collection,
  now: number,
): Promise<{ readonly evidence: MetadataEvidence; readonly files?: Files }> {
  const steps: Step[] = [];
  const files = new Map<string, Uint8Array>();
  const role = roleOfRepository(repository);
  let trusted: TrustedMetadata | undefined;
  let tags: readonly NamedTag[] = [];
  const stages: readonly (readonly [string, () => Promise<Metadata | Step>])[] = [
    [
      'root role',
      async () => {
        const followed = await followRoots(deps, name);
        trusted = followed.trusted;
        files.set('root.json', followed.bytes);
        return trusted.root;
      },
    ],
    [
      'timestamp role',
      async () => {
        const bytes = await fetchFile(deps.remote, 'timestamp.json', metadataLimits.timestamp);
        files.set('timestamp.json', bytes);
        trusted = updateTimestamp(present(trusted), bytes);
        return present(trusted.timestamp);
      },
    ],
    [
      'snapshot role',
      async () => {
        const { version, length } = present(trusted?.timestamp).meta['snapshot.json'];
        const limit = Math.min(length, metadataLimits.snapshot);
        const bytes = await fetchFile(deps.remote, `${version}.snapshot.json`, limit);
        files.set('snapshot.json', bytes);
        trusted = updateSnapshot(present(trusted), bytes);
        return present(trusted.snapshot);
      },
    ],
    [
      'targets role',
      async () => {
        const targets = await readTargets(deps.remote, present(trusted), 'targets');
        if (targets === undefined) {
          return failed('targets role', 'forged', 'the snapshot does not name targets.json');
        }
        trusted = { ...present(trusted), targets };
        return targets;
      },
    ],
    [
      `role ${role}`,
      async () => {
        const targets = await readTargets(deps.remote, present(trusted), role);
        if (targets === undefined) {
          return failed(`role ${role}`, 'missing', `it does not name ${registry}/${repository} at all`);
        }
        tags = readTags(targets);
        return targets;
      },
    ],
  ];
  for (const [title, stage] of stages) {
    const step = await attempt(title, stage, now);
    steps.push(step);
    if (!step.ok) return { evidence: { steps, tags: [] } };
  }
  return { evidence: { steps, tags }, files };
}

async function attempt(title: string, stage: () => Promise<Metadata | Step>, now: number): Promise<Step> {
  try {
    const found = await stage();
    return 'ok' in found ? found : stepOfRole(title, found, now);
  } catch (error) {
    return stepOfError(title, error);
  }
}

/** 5.3: from the root that is at hand to the newest, by way of the one that was seen last. */
async function followRoots({ remote, root, seen }: TufReaderDeps, name: string) {
  const remembered = (await seen?.find(name)) ?? new Map<string, Uint8Array>();
  const before = remembered.get('root.json');
  const last = before && recall(name, () => readMetadata(before, 'root', 'the root seen before').signed);
  let bytes = root;
  let trusted = trustRoot(root);
  // The root at hand is newer than what was seen: it takes its place, as if it had been followed.
  if (last !== undefined && last.version < trusted.root.version) {
    trusted = withRoot(see({ root: last, delegated: new Map() }, remembered, name), trusted.root);
  }
  for (let rotations = 0; ; rotations += 1) {
    if (before !== undefined && last?.version === trusted.root.version) {
      checkSameRoot(before, bytes);
      trusted = see(trusted, remembered, name);
    }
    const file = `${trusted.root.version + 1}.root.json`;
    const next = await remote.read(metadataPath('tuf', file), metadataLimits.root);
    if (next === undefined) break;
    if (rotations === rotationsLimit) {
      throw new SignpostError('LIMIT_EXCEEDED', `there are more than ${rotationsLimit} roots to follow`);
    }
    trusted = updateRoot(trusted, next);
    bytes = next;
  }
  if (last !== undefined && trusted.root.version < last.version) {
    throw new SignpostError(
      'ROLLBACK',
      `the newest root is version ${trusted.root.version}, but version ${last.version} was seen before`,
    );
  }
  return { trusted, bytes };
}

function checkSameRoot(before: Uint8Array, bytes: Uint8Array): void {
  if (digestOf(before) === digestOf(bytes)) return;
  const [then, now] = [before, bytes].map((file) =>
    JSON.stringify(readMetadata(file, 'root', 'root').signed),
  );
  // More signatures under the same root change nothing.
  if (then === now) return;
  throw new SignpostError('ROLLBACK', 'a root of this version was seen before with other content');
}

/** 5.4.3, 5.5.5: what the last visit left. It may have expired since. */
function see(trusted: TrustedMetadata, remembered: Files, name: string): TrustedMetadata {
  const [timestamp, snapshot] = [remembered.get('timestamp.json'), remembered.get('snapshot.json')];
  if (timestamp === undefined || snapshot === undefined) return trusted;
  return recall(name, () => updateSnapshot(updateTimestamp(trusted, timestamp), snapshot));
}

/** A role that the snapshot names; undefined when it does not. */
async function readTargets(
  remote: RemoteMetadata,
  trusted: TrustedMetadata,
  role: string,
): Promise<Targets | undefined> {
  const meta = trusted.snapshot?.meta[`${role}.json`];
  if (meta === undefined) return undefined;
  const limit = Math.min(meta.length, metadataLimits.targets);
  return verifyTargets(trusted, role, await fetchFile(remote, `${meta.version}.${role}.json`, limit));
}

function readTags({ targets }: Targets): readonly NamedTag[] {
  return Object.entries(targets).map(([path, { length, hashes, custom }]) => {
    const target = parseTargetPath(path);
    const name = custom.reference.slice(custom.reference.indexOf('/') + 1);
    // Clients of TUF find a tag by its path, ours by its whole name: the two must not differ.
    if (target === undefined || name !== formatTaggedReference(target)) {
      throw new SignpostError('TRUST', `the target ${quote(path)} is for ${quote(custom.reference)}`);
    }
    return { reference: custom.reference, digest: parseDigest(`sha256:${hashes.sha256}`), size: length };
  });
}

async function fetchFile(remote: RemoteMetadata, file: string, limit: number): Promise<Uint8Array> {
  const bytes = await remote.read(metadataPath('tuf', file), limit);
  if (bytes === undefined) throw new SignpostError('NOT_FOUND', `the registry has no /tuf/${file}`);
  return bytes;
}

function present<T>(value: T | undefined): T {
  if (value !== undefined) return value;
  throw new SignpostError('TRUST', 'a role was verified before the one above it');
}
