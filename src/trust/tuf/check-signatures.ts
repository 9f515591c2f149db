import { SignpostError } from '../../oci/errors.ts';
import { openTufKey } from './key.ts';
import type { Metadata } from './metadata.ts';
import type { Keys, RoleKeys } from './read-any-keys.ts';
import type { Signed } from './signed-file.ts';

/**
 * TUF 1.0, section 4.2: whether enough of a role's keys have signed. Each key counts once, under whatever names it
 * comes; signatures by other keys, and signatures that do not hold, are passed over, as clients do.
 * @throws SignpostError TRUST
 */
export function checkSignatures(
  file: Signed<Metadata>,
  keys: Keys,
  { keyids, threshold }: RoleKeys,
  where: string,
): void {
  const have = countSignatures(file, keys, keyids);
  if (have >= threshold) return;
  throw new SignpostError(
    'TRUST',
    `${where} is signed by ${have} of the keys that may sign it: ${threshold} are needed`,
  );
}

/** One spelling: what follows the digits would be passed over otherwise. */
const hexadecimal = /^(?:[0-9a-f]{2})+$/;

/** How many of the keys have signed. */
export function countSignatures(
  { signatures, covered }: Signed<Metadata>,
  keys: Keys,
  keyids: readonly string[],
): number {
  const good = new Set<string>();
  for (const { keyid, sig } of signatures) {
    const known = keyids.includes(keyid) && Object.hasOwn(keys, keyid) ? keys[keyid] : undefined;
    const key = known && openTufKey(known);
    if (key === undefined || !hexadecimal.test(sig)) continue;
    if (key.holds(covered, Buffer.from(sig, 'hex'))) good.add(key.identity);
  }
  return good.size;
}
