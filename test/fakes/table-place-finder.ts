import type { IpAddress, Netblock } from '../../src/mirrors/address.ts';
import { netblockContains } from '../../src/mirrors/netblock.ts';
import type { Place } from '../../src/mirrors/place.ts';
import type { PlaceFinder } from '../../src/ports/place-finder.ts';

/** A PlaceFinder that knows only what it is told: the first netblock that contains the address counts. */
export function createTablePlaceFinder(
  table: readonly { readonly netblock: Netblock; readonly place: Place }[],
): PlaceFinder {
  const nowhere = { source: 'nothing known' };
  return {
    find: (address: IpAddress) =>
      table.find(({ netblock }) => netblockContains(netblock, address))?.place ?? nowhere,
  };
}
