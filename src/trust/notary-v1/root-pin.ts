import { createHash } from 'node:crypto';
import { countSigned } from '../tuf/check-signatures.ts';
import { type NotaryKey, certificateOf, openNotaryKey } from './key.ts';
import type { NotaryRoot, NotarySigned } from './metadata.ts';
import type { Collection } from './names.ts';

/** How far the best certificate of a root came, when none will do, or those that will have not signed. */
const failures = ['unknown-key', 'unusable-key', 'wrong-reference', 'expired', 'forged'] as const;
export type RootPinFailure = (typeof failures)[number];

/**
 * Whether a root is signed by configured certificates that are for this collection and valid now. That it names them
 * is not enough: certificates are public, and whoever makes a root may put another key beside them. `certificates` are
 * SHA-256 of their DER in lower-case hexadecimal; `now` is in milliseconds since the epoch.
 */
export function judgeRootPin(
  file: NotarySigned<NotaryRoot>,
  collection: Collection,
  certificates: ReadonlySet<string>,
  now: number,
): 'pinned' | RootPinFailure {
  const { roles, keys } = file.signed;
  const { keyids, threshold } = roles.root;
  const judged = keyids.map((id) => [id, judgeKey(keys[id], gunOf(collection), certificates, now)] as const);
  const trusted = judged.filter(([, failure]) => failure === undefined).map(([id]) => id);
  // notary, trustpinning/trustpin.go, ValidateRoot: of the signatures, only those by trusted certificates count.
  if (trusted.length > 0)
    return countSigned(file, keys, trusted, openNotaryKey) >= threshold ? 'pinned' : 'forged';
  const furthest = Math.max(0, ...judged.map(([, failure]) => failures.indexOf(failure ?? 'unknown-key')));
  return failures[furthest] ?? 'unknown-key';
}

function judgeKey(
  key: NotaryKey | undefined,
  gun: string,
  certificates: ReadonlySet<string>,
  now: number,
): RootPinFailure | undefined {
  const certificate = key && certificateOf(key);
  if (certificate === undefined) return 'unknown-key';
  if (!certificates.has(createHash('sha256').update(certificate.raw).digest('hex'))) return 'unknown-key';
  // notary, tuf/utils/x509.go, GetLeafCerts: an authority's certificate is passed over.
  if (certificate.ca) return 'unusable-key';
  const name = /(?:^|\n)CN=([^\n]*)/.exec(certificate.subject)?.[1] ?? '';
  const named = name.endsWith('*') ? gun.startsWith(name.slice(0, -1)) : name === gun;
  if (!named) return 'wrong-reference';
  const valid = certificate.validFromDate.getTime() <= now && now < certificate.validToDate.getTime();
  return valid ? undefined : 'expired';
}

/** A failure in words. */
export function describeRootPin(failure: RootPinFailure, collection: Collection): string {
  const gun = gunOf(collection);
  switch (failure) {
    case 'unknown-key':
      return `root.json has no root certificate for ${gun} that is configured`;
    case 'unusable-key':
      return `the root certificate for ${gun} is an authority's (CA:true), which notary and docker do not take`;
    case 'wrong-reference':
      return `root.json has a configured root certificate, but it is for another name than ${gun}`;
    case 'expired':
      return `the root certificate for ${gun} has expired, or is not valid yet`;
    case 'forged':
      return `root.json names the configured root certificate for ${gun}, but is not signed by it`;
  }
}

/** A collection's name, which its certificates carry. */
export function gunOf({ registry, repository }: Collection): string {
  return `${registry}/${repository}`;
}
