import { quote } from '../oci/digest.ts';
import { SignpostError } from '../oci/errors.ts';
import type { Mirror, MirrorId, NewMirror } from './mirror.ts';
import { formatNetblock } from '../net/netblock.ts';
import { createOverlapSearch } from './netblock-overlap.ts';

export interface ConflictOptions {
  /** Whether its netblocks may overlap those of other mirrors: the longest match goes first, equals share. */
  readonly shareNetblocks: boolean;
}

/**
 * Refuses what only one mirror can have: a URL, since two mirrors there would be probed twice and a client that fails at
 * one would be sent to the same place again; and netblocks, unless they are to be shared, since a netblock takes its
 * clients away from the mirror that had them.
 * @param mirror new, or changed: then with its number
 * @throws SignpostError USAGE
 */
export function refuseConflicts(
  mirrors: readonly Mirror[],
  mirror: NewMirror & { readonly id?: MirrorId },
  options: ConflictOptions,
): void {
  const refuse = createConflictCheck(mirror, options);
  for (const other of mirrors) refuse(other);
}

/** The same for one other mirror at a time, for whoever must not be busy for long. */
export function createConflictCheck(
  mirror: NewMirror & { readonly id?: MirrorId },
  options: ConflictOptions,
): (other: Mirror) => void {
  const urls = new Set(mirror.urls);
  const own = options.shareNetblocks ? undefined : createOverlapSearch(mirror.netblocks);
  return (other) => {
    if (other.id === mirror.id) return;
    const url = other.urls.find((one) => urls.has(one));
    // Of two mirrors with one name the registry speaks itself.
    if (url !== undefined && other.name !== mirror.name) {
      throw new SignpostError('USAGE', `${quote(url)} is the URL of the mirror ${quote(other.name)} already`);
    }
    for (const theirs of own === undefined ? [] : other.netblocks) {
      const overlap = own?.find(theirs);
      if (overlap === undefined) continue;
      throw new SignpostError(
        'USAGE',
        `the CIDR block "${formatNetblock(overlap)}" overlaps "${formatNetblock(theirs)}" of the mirror ${quote(other.name)}: if both mirrors are meant for these clients, add --share-netblocks`,
      );
    }
  };
}
