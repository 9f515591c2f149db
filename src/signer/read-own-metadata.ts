import { SignpostError } from '../oci/errors.ts';
import type { Targets } from '../trust/tuf/metadata.ts';
import { readStrictMetadata } from '../trust/tuf/read-strict-metadata.ts';
import { repositoryOfRole } from '../trust/tuf/names.ts';
import { type TrustedMetadata, trustRoot, updateRoot } from '../trust/tuf/trusted-metadata.ts';

/**
 * What this signer made last, from its record. The signatures are its own, and the keys may have been rotated since:
 * what is read is where to go on, and is signed anew before anybody sees it.
 * @throws SignpostError TRUST (the roots do not follow each other), REQUEST_INVALID
 */
export function readOwnMetadata(
  own: ReadonlyMap<string, Uint8Array>,
  roots: readonly Uint8Array[],
): TrustedMetadata {
  const [first, ...later] = roots;
  if (first === undefined) throw new SignpostError('CONFIG_INVALID', 'a TUF signer needs the root');
  const { root } = later.reduce(updateRoot, trustRoot(first));
  const timestamp = own.get('tuf/timestamp');
  const snapshot = own.get('tuf/snapshot');
  const targets = own.get('tuf/targets');
  const delegated = new Map<string, Targets>();
  for (const [name, bytes] of own) {
    const role = name.startsWith('tuf/') ? name.slice('tuf/'.length) : '';
    if (repositoryOfRole(role) !== undefined)
      delegated.set(role, readStrictMetadata(bytes, 'targets', name).signed);
  }
  return {
    root,
    delegated,
    ...(timestamp && { timestamp: readStrictMetadata(timestamp, 'timestamp', 'tuf/timestamp').signed }),
    ...(snapshot && { snapshot: readStrictMetadata(snapshot, 'snapshot', 'tuf/snapshot').signed }),
    ...(targets && { targets: readStrictMetadata(targets, 'targets', 'tuf/targets').signed }),
  };
}
