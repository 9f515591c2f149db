import { SignpostError } from '../../oci/errors.ts';
import { canonicalJson } from '../canonical-json.ts';
import { checkThreshold, countSigned } from '../tuf/check-signatures.ts';
import type { RoleKeys } from '../tuf/read-any-keys.ts';
import { refuseOlder as refuseLower } from '../tuf/trusted-metadata.ts';
import { openNotaryKey } from './key.ts';
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
  role: RoleKeys,
  file: NotarySigned<NotaryMetadata>,
  where: string,
): void {
  checkThreshold(countSigned(file, keys, role.keyids, openNotaryKey), role, where);
}

/** Throws SignpostError ROLLBACK. */
export function refuseOlder(before: NotaryMetadata | undefined, after: NotaryMetadata, where: string): void {
  if (before === undefined) return;
  refuseLower(before.version, after.version, where);
  // Names say hashes here and not versions: without this, a signer put back to an older state would go unnoticed.
  if (after.version === before.version && canonicalJson(before) !== canonicalJson(after)) {
    throw new SignpostError(
      'ROLLBACK',
      `${where}: version ${after.version} was published before with other content`,
    );
  }
}
