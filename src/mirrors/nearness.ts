import type { CompiledMirror } from './compiled-mirror.ts';
import { type Coordinates, bandCount, bandOf, distanceBetween } from './distance.ts';

/** Mirrors by their distance from one place. */
export interface NearnessOrder {
  /** The indexes of the mirrors of each distance band, the nearest band first. */
  readonly bands: readonly Uint32Array[];
  /** In km; undefined when the place or the mirror's is unknown. */
  distanceTo(mirror: CompiledMirror): number | undefined;
}

const cellsPerDegree = 2;
const cacheLimit = 512;
const unknown = 0xffff;

/**
 * Orders mirrors by distance. Places are rounded to half a degree (40 km or less), far finer than the bands and than
 * what databases know, so that the orders can be kept: at most 512 of them, 6 bytes a mirror each.
 */
export function createNearness(
  mirrors: readonly CompiledMirror[],
): (place: Coordinates | undefined) => NearnessOrder {
  const orders = new Map<number, NearnessOrder>();
  const nowhere = orderFrom(undefined, mirrors);
  return (place) => {
    if (place === undefined) return nowhere;
    const row = Math.round(place.latitude * cellsPerDegree);
    const column = Math.round(place.longitude * cellsPerDegree);
    const cell = row * 1024 + column;
    const known = orders.get(cell);
    if (known !== undefined) return known;
    const order = orderFrom({ latitude: row / cellsPerDegree, longitude: column / cellsPerDegree }, mirrors);
    // The oldest goes: the places that are asked for most come back at once.
    if (orders.size >= cacheLimit)
      for (const oldest of orders.keys()) {
        orders.delete(oldest);
        break;
      }
    orders.set(cell, order);
    return order;
  };
}

function orderFrom(place: Coordinates | undefined, mirrors: readonly CompiledMirror[]): NearnessOrder {
  const distances = new Uint16Array(mirrors.length).fill(unknown);
  const bands: number[][] = Array.from({ length: bandCount }, () => []);
  const distanceTo = (mirror: CompiledMirror) => {
    const distance = distances[mirror.index];
    return distance === unknown ? undefined : distance;
  };
  for (const mirror of mirrors) {
    if (place !== undefined && mirror.location !== undefined) {
      // Half the Earth's girth is 20,015 km: it fits.
      distances[mirror.index] = Math.floor(distanceBetween(place, mirror.location));
    }
    bands[bandOf(distanceTo(mirror))]?.push(mirror.index);
  }
  return { bands: bands.map((band) => Uint32Array.from(band)), distanceTo };
}
