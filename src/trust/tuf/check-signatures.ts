import { SignpostError } from '../../oci/errors.ts';
import { type OpenedKey, openTufKey } from './key.ts';
import type { Keys, RoleKeys } from './read-any-keys.ts';
import type { Signed } from './signed-file.ts';

/**
 * TUF 1.0, section 4.2: whether enough of a role's keys have signed. Each key counts once, under whatever names it
 * comes; signatures by other keys, and signatures that do not hold, are passed over, as clients do.
 * @throws SignpostError TRUST
 */
export function checkSignatures(file: Signed<unknown>, keys: Keys, role: RoleKeys, where: string): void {
  checkThreshold(countSignatures(file, keys, role.keyids), role, where);
}

/** How many of the keys have signed. */
export function countSignatures(file: Signed<unknown>, keys: Keys, keyids: readonly string[]): number {
  return countSigned(file, keys, keyids, openTufKey);
}

/** The same for the keys of any dialect. */
export function countSigned<K>(
  { signatures, covered }: Signed<unknown>,
  keys: Readonly<Record<string, K>>,
  keyids: readonly string[],
  open: (key: K) => OpenedKey | undefined,
): number {
  const good = new Set<string>();
  for (const { keyid, sig } of signatures) {
    const known = keyids.includes(keyid) && Object.hasOwn(keys, keyid) ? keys[keyid] : undefined;
    const key = known && open(known);
    if (key?.holds(covered, sig) === true) good.add(key.identity);
  }
  return good.size;
}

/** Throws SignpostError TRUST. */
export function checkThreshold(have: number, { threshold }: RoleKeys, where: string): void {
  if (have >= threshold) return;
  throw new SignpostError(
    'TRUST',
    `${where} is signed by ${have} of the keys that may sign it: ${threshold} are needed`,
  );
}
