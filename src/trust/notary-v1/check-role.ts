import { SignpostError } from '../../oci/errors.ts';
import { canonicalJson } from '../canonical-json.ts';
import type { RoleKeys } from '../tuf/read-any-keys.ts';
import { notarySignatureHolds } from './key.ts';
import type { NotaryKeys, NotaryMetadata, NotaryRole, NotaryRoot, NotarySigned } from './metadata.ts';

/** Whether a role's keys have signed. Throws SignpostError TRUST. */
export function checkRole(
  root: NotaryRoot,
  role: NotaryRole,
  file: NotarySigned<NotaryMetadata>,
  where: string,
): void {
  checkSigned(root.keys, root.roles[role], file, where);
}

/** The same for the keys of a delegation. */
export function checkSigned(
  keys: NotaryKeys,
  { keyids, threshold }: RoleKeys,
  file: NotarySigned<NotaryMetadata>,
  where: string,
): void {
  const have = countSigned(keys, keyids, file);
  if (have >= threshold) return;
  throw new SignpostError(
    'TRUST',
    `${where} is signed by ${have} of the keys that may sign it: ${threshold} are needed`,
  );
}

/** How many of these keys have signed. */
export function countSigned(
  keys: NotaryKeys,
  keyids: readonly string[],
  { covered, signatures }: NotarySigned<NotaryMetadata>,
): number {
  const good = new Set<string>();
  for (const { keyid, sig } of signatures) {
    const key = keyids.includes(keyid) ? keys[keyid] : undefined;
    if (key !== undefined && notarySignatureHolds(key, covered, sig)) good.add(keyid);
  }
  return good.size;
}

/** Throws SignpostError ROLLBACK. */
export function refuseOlder(before: NotaryMetadata | undefined, after: NotaryMetadata, where: string): void {
  if (before === undefined || after.version > before.version) return;
  // Names say hashes here and not versions: without this, a signer put back to an older state would go unnoticed.
  if (after.version === before.version) {
    if (canonicalJson(before) === canonicalJson(after)) return;
    throw new SignpostError(
      'ROLLBACK',
      `${where}: version ${after.version} was published before with other content`,
    );
  }
  throw new SignpostError(
    'ROLLBACK',
    `${where} is version ${after.version}, but version ${before.version} was there before`,
  );
}
