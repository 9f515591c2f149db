import { quote } from '../oci/digest.ts';
import { SignpostError } from '../oci/errors.ts';
import type { Mirror, MirrorId, NewMirror } from './mirror.ts';
import { formatNetblock } from './netblock.ts';
import { findOverlap } from './parse-mirror-networks.ts';

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
  const others = mirrors.filter(({ id }) => id !== mirror.id);
  for (const other of others) {
    const url = mirror.urls.find((url) => other.urls.includes(url));
    // Of two mirrors with one name the registry speaks itself.
    if (url !== undefined && other.name !== mirror.name) {
      throw new SignpostError('USAGE', `${quote(url)} is the URL of the mirror ${quote(other.name)} already`);
    }
    if (options.shareNetblocks) continue;
    for (const netblock of mirror.netblocks) {
      const overlap = findOverlap(netblock, other.netblocks);
      if (overlap === undefined) continue;
      throw new SignpostError(
        'USAGE',
        `the netblock "${formatNetblock(netblock)}" overlaps "${formatNetblock(overlap)}" of the mirror ${quote(other.name)}: if both are meant to have these clients, say --share-netblocks`,
      );
    }
  }
}
