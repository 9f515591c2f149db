import type { Place } from '../mirrors/place.ts';
import type { IpAddress } from '../net/address.ts';

/** Says where an address is. Synchronous and quick: it runs for every redirect. */
export interface PlaceFinder {
  find(address: IpAddress): Place;
}
