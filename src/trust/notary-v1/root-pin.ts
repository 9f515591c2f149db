import { createHash } from 'node:crypto';
import { certificateOf } from './key.ts';
import type { NotaryRoot } from './metadata.ts';
import type { Collection } from './names.ts';

/** How far a root comes that has no certificate that will do. */
const failures = ['unknown-key', 'wrong-reference', 'expired'] as const;
export type RootPinFailure = (typeof failures)[number];

/**
 * Whether a root has a configured certificate that is for this collection and valid now; if not, how far the best of its
 * certificates came. `certificates` are SHA-256 of their DER in lower-case hexadecimal; `now` is in milliseconds since
 * the epoch.
 */
export function judgeRootPin(
  { roles, keys }: NotaryRoot,
  collection: Collection,
  certificates: ReadonlySet<string>,
  now: number,
): 'pinned' | RootPinFailure {
  const gun = gunOf(collection);
  let furthest = 0;
  for (const id of roles.root.keyids) {
    const key = keys[id];
    const certificate = key && certificateOf(key);
    if (certificate === undefined) continue;
    if (!certificates.has(createHash('sha256').update(certificate.raw).digest('hex'))) continue;
    const name = /(?:^|\n)CN=([^\n]*)/.exec(certificate.subject)?.[1] ?? '';
    const named = name.endsWith('*') ? gun.startsWith(name.slice(0, -1)) : name === gun;
    const valid = certificate.validFromDate.getTime() <= now && now < certificate.validToDate.getTime();
    if (named && valid) return 'pinned';
    furthest = Math.max(furthest, named ? 2 : 1);
  }
  return failures[furthest] ?? 'unknown-key';
}

/** A failure in words. */
export function describeRootPin(failure: RootPinFailure, collection: Collection): string {
  const gun = gunOf(collection);
  switch (failure) {
    case 'unknown-key':
      return `root.json has no root certificate for ${gun} that is configured`;
    case 'wrong-reference':
      return `root.json has a configured root certificate, but it is for another name than ${gun}`;
    case 'expired':
      return `the root certificate for ${gun} has expired, or is not valid yet`;
  }
}

/** A collection's name, which its certificates carry. */
export function gunOf({ registry, repository }: Collection): string {
  return `${registry}/${repository}`;
}
