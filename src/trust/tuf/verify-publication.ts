import { SignpostError } from '../../oci/errors.ts';
import type { Metadata, Targets } from './metadata.ts';
import { parseMetadataFile } from './names.ts';
import { readStrictMetadata } from './read-strict-metadata.ts';
import {
  type TrustedMetadata,
  checkRoot,
  trustRoot,
  updateRoot,
  updateSnapshot,
  updateTimestamp,
  verifyTargets,
} from './trusted-metadata.ts';

/** Bytes by the file's name, such as `7.snapshot.json`. */
export type MetadataFiles = ReadonlyMap<string, Uint8Array>;

export interface VerifiedMetadata {
  readonly trusted: TrustedMetadata;
  /** What is new, in the order in which it may be placed: whoever reads meanwhile finds the old or the new, whole. */
  readonly files: readonly { readonly path: string; readonly bytes: Uint8Array }[];
}

/**
 * Whether `offered` may follow what is published: walked through as by a client that has seen `published`, every role
 * of it and not only those that one client would ask for, and as Signpost itself would have written it. `root` is the
 * operator's own copy; `now` is in milliseconds since the epoch.
 * @throws SignpostError TRUST, ROLLBACK, REQUEST_INVALID, LIMIT_EXCEEDED
 */
export function verifyPublication(
  root: Uint8Array,
  published: MetadataFiles,
  offered: MetadataFiles,
  now: number,
): VerifiedMetadata {
  checkNames(published, offered);
  for (const [path, bytes] of offered) readStrictMetadata(bytes, typeOfFile(path), path);
  const all = new Map([...published, ...offered]);
  let trusted = seePublished(followRoots(trustRoot(root), published), published);
  trusted = followRoots(trusted, all);
  checkRoot(trusted, now);
  trusted = updateTimestamp(trusted, fileOf(all, 'timestamp.json'), now);
  const version = trusted.timestamp?.meta['snapshot.json'].version ?? 0;
  trusted = updateSnapshot(trusted, fileOf(all, `${version}.snapshot.json`), now);
  const used = new Set(['timestamp.json', `${version}.snapshot.json`]);
  const verify = (name: string, fileVersion: number) => {
    const path = `${fileVersion}.${name}`;
    used.add(path);
    const targets = verifyTargets(trusted, name.slice(0, -'.json'.length), fileOf(all, path), now);
    if (name !== 'targets.json' && targets.delegations !== undefined) {
      throw new SignpostError(
        'TRUST',
        `${path} delegates further: a repository's role has tags and nothing else`,
      );
    }
    return targets;
  };
  // The targets role first: it says who signs for the others.
  const { 'targets.json': top, ...others } = trusted.snapshot?.meta ?? {};
  if (top === undefined)
    throw new SignpostError('TRUST', `${version}.snapshot.json does not name targets.json`);
  trusted = { ...trusted, targets: verify('targets.json', top.version) };
  const delegated = new Map<string, Targets>();
  for (const [name, meta] of Object.entries(others)) {
    delegated.set(name.slice(0, -'.json'.length), verify(name, meta.version));
  }
  trusted = { ...trusted, delegated };
  for (let at = 1; at <= trusted.root.version; at += 1) used.add(`${at}.root.json`);
  const foreign = [...offered.keys()].find((path) => !used.has(path));
  if (foreign !== undefined) throw new SignpostError('TRUST', `nothing of the metadata names ${foreign}`);
  const fresh = [...offered].filter(([path, bytes]) => !isSame(published.get(path), bytes));
  const placeOrder = (path: string) => (path === 'timestamp.json' ? 1 : 0);
  return {
    trusted,
    files: fresh.sort(([a], [b]) => placeOrder(a) - placeOrder(b)).map(([path, bytes]) => ({ path, bytes })),
  };
}

function followRoots(trusted: TrustedMetadata, files: MetadataFiles): TrustedMetadata {
  for (let newest = trusted; ;) {
    const bytes = files.get(`${newest.root.version + 1}.root.json`);
    if (bytes === undefined) return newest;
    newest = updateRoot(newest, bytes);
  }
}

/** 5.4.3, 5.5.5: what a client remembers. It may have expired since, and a client without it starts anew. */
function seePublished(trusted: TrustedMetadata, published: MetadataFiles): TrustedMetadata {
  const timestamp = published.get('timestamp.json');
  if (timestamp === undefined) return trusted;
  const seen = updateTimestamp(trusted, timestamp);
  const version = seen.timestamp?.meta['snapshot.json'].version ?? 0;
  return updateSnapshot(seen, fileOf(published, `${version}.snapshot.json`));
}

/** A file with a version in its name never changes: mirrors and caches hold it. */
function checkNames(published: MetadataFiles, offered: MetadataFiles): void {
  for (const [path, bytes] of offered) {
    const name = parseMetadataFile(path);
    if (name === undefined) throw new SignpostError('REQUEST_INVALID', `${path} is no file of TUF metadata`);
    const before = published.get(path);
    if (name.version !== undefined && before !== undefined && !isSame(before, bytes)) {
      throw new SignpostError('ROLLBACK', `${path} was published before with other content`);
    }
  }
  refuseOtherTimestamp(published.get('timestamp.json'), offered.get('timestamp.json'));
}

/** Clients keep the timestamp that they have of a version (5.4.3.1): they would never see another one. */
function refuseOtherTimestamp(before: Uint8Array | undefined, after: Uint8Array | undefined): void {
  if (before === undefined || after === undefined || isSame(before, after)) return;
  const [was, is] = [before, after].map((bytes) => readStrictMetadata(bytes, 'timestamp', 'timestamp.json'));
  if (was?.signed.version !== is?.signed.version) return;
  throw new SignpostError(
    'ROLLBACK',
    `timestamp.json of version ${is?.signed.version} was published before with other content`,
  );
}

function typeOfFile(path: string): Metadata['_type'] {
  const role = parseMetadataFile(path)?.role;
  return role === 'root' || role === 'timestamp' || role === 'snapshot' ? role : 'targets';
}

function fileOf(files: MetadataFiles, path: string): Uint8Array {
  const bytes = files.get(path);
  if (bytes === undefined) throw new SignpostError('TRUST', `${path} is missing`);
  return bytes;
}

function isSame(a: Uint8Array | undefined, b: Uint8Array): boolean {
  return a !== undefined && Buffer.from(a).equals(b);
}
