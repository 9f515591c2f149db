import type { Netblock } from '../../src/net/address.ts';
import { netblockContains } from '../../src/net/netblock.ts';
import type { Place } from '../../src/mirrors/place.ts';
import type { PlaceFinder } from '../../src/ports/place-finder.ts';

/** A PlaceFinder that knows only what it is told; the longest netblock counts. */
export function createTablePlaceFinder(
  table: readonly { readonly netblock: Netblock; readonly place: Place }[],
): PlaceFinder {
  const longestFirst = table.toSorted((one, other) => other.netblock.length - one.netblock.length);
  return {
    find: (address) =>
      longestFirst.find(({ netblock }) => netblockContains(netblock, address))?.place ?? {
        source: 'nothing known',
      },
  };
}
