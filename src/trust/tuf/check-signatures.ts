import { SignpostError } from '../../oci/errors.ts';
import { canonicalJson } from '../canonical-json.ts';
import { tufSignatureHolds } from './key.ts';
import type { Keys, Metadata, RoleKeys, Signed } from './metadata.ts';

/**
 * TUF 1.0, section 4.2: whether enough of a role's keys have signed. Each key counts once; signatures by other keys,
 * and signatures that do not hold, are passed over, as clients do.
 * @throws SignpostError TRUST
 */
export function checkSignatures(
  { signatures, signed }: Signed<Metadata>,
  keys: Keys,
  { keyids, threshold }: RoleKeys,
  where: string,
): void {
  const have = countSignatures({ signatures, signed }, keys, keyids);
  if (have >= threshold) return;
  throw new SignpostError(
    'TRUST',
    `${where} is signed by ${have} of the keys that may sign it: ${threshold} have to`,
  );
}

/** How many of the keys have signed. */
export function countSignatures(
  { signatures, signed }: Signed<Metadata>,
  keys: Keys,
  keyids: readonly string[],
): number {
  const bytes = Buffer.from(canonicalJson(signed));
  const good = new Set<string>();
  for (const { keyid, sig } of signatures) {
    const key = keyids.includes(keyid) ? keys[keyid] : undefined;
    if (key !== undefined && tufSignatureHolds(key, bytes, sig)) good.add(keyid);
  }
  return good.size;
}
