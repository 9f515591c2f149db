import type { IpAddress } from '../../net/address.ts';
import { clientNetworkOf } from '../../net/client-network.ts';
import { type Measurement, measureOne } from '../../ports/measurement.ts';
import type { Exchange } from './exchange.ts';
import { ociError } from './oci-error.ts';
import { sendError } from './send-error.ts';

/** The streams that the origin may send at once. */
export interface StreamSlots {
  /** A slot, to be given back once; undefined when there is none for this client. */
  take(address: IpAddress): Disposable | undefined;
  /** How many are taken now. */
  taken(): number;
}

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
      const network = clientNetworkOf(address);
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

/** Answers a client for whom there is no slot. */
export function refuseStream(exchange: Exchange): void {
  const message = 'the origin sends as much as it may: try again';
  sendError(exchange, ociError(503, 'UNAVAILABLE', message), ['Retry-After', '5']);
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
