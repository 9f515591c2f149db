import { type IpAddress, formatWords, wordsOf } from '../mirrors/address.ts';
import { maskWords } from '../mirrors/netblock.ts';
import { type Measurement, measureOne } from '../ports/measurement.ts';

/** The streams that the origin may send at once. */
export interface StreamSlots {
  /** A slot, to be given back once; undefined when there is none for this client. */
  take(address: IpAddress): Disposable | undefined;
  /** How many are taken now. */
  taken(): number;
}

/** What one customer of a network provider commonly has: bits of IPv4 and of IPv6 (RFC 6177, section 2). */
const networkBits = { 4: 24, 6: 48 } as const;
/** One network gets this part of the slots, and so many in any case. */
const networkShare = 1 / 4;
const networkLeast = 4;

/** @param limit how many slots there are. One network gets a quarter, so that it cannot shut out all others. */
export function createStreamSlots(limit: number): StreamSlots {
  const share = Math.max(networkLeast, Math.floor(limit * networkShare));
  const byNetwork = new Map<string, number>();
  let running = 0;

  return {
    take(address) {
      const network = networkOf(address);
      const there = byNetwork.get(network) ?? 0;
      if (running >= limit || there >= share) return undefined;
      running += 1;
      byNetwork.set(network, there + 1);
      return {
        [Symbol.dispose]() {
          running -= 1;
          const left = (byNetwork.get(network) ?? 1) - 1;
          if (left === 0) byNetwork.delete(network);
          else byNetwork.set(network, left);
        },
      };
    },
    taken: () => running,
  };
}

/** How many blobs the origin sends now, and how many it may. */
export function measureStreams(slots: StreamSlots, limit: number): readonly Measurement[] {
  return [
    measureOne('signpost_origin_streams', 'Blobs that the origin is sending now.', 'gauge', () =>
      slots.taken(),
    ),
    measureOne(
      'signpost_origin_streams_limit',
      'Blobs that the origin may send at once.',
      'gauge',
      () => limit,
    ),
  ];
}

function networkOf(address: IpAddress): string {
  const words = wordsOf(address);
  return formatWords(maskWords(words, networkBits[words.family]));
}
