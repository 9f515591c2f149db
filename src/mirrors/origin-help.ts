import type { ClientNetwork } from '../net/client-network.ts';
import { createRateLimit } from '../net/rate-limit.ts';

export interface OriginHelpOptions {
  /** How many clients the origin may help at once, and each second on the long run. */
  readonly originBurst: number;
  readonly originPerSecond: number;
}

/** One network gets this part of the help, and so many at once in any case. */
const networkShare = 1 / 4;
const networkLeast = 4;
/** This part of the burst is kept for networks that have not been helped lately. */
const keptShare = 1 / 4;
/** As many networks are remembered. */
const networksLimit = 4096;

/**
 * The help of the origin for clients that no mirror could serve: little, so that no herd reaches it, and shared among the
 * networks of clients, so that one that asks again and again does not take it from all others.
 */
export class OriginHelp {
  readonly #options: OriginHelpOptions;
  readonly #networks: ReturnType<typeof createRateLimit>;
  /** When each network was helped last, the longest ago first. */
  readonly #helped = new Map<ClientNetwork, number>();
  #tokens: number;
  #refilled = 0;

  constructor(options: OriginHelpOptions) {
    this.#options = options;
    this.#tokens = options.originBurst;
    this.#networks = createRateLimit({
      burst: Math.max(networkLeast, options.originBurst * networkShare),
      perMinute: options.originPerSecond * 60 * networkShare,
      keys: networksLimit,
    });
  }

  /** Whether the origin helps a client of the network now: then it has been counted. `now` is monotonic, in milliseconds. */
  take(network: ClientNetwork, now: number): boolean {
    const { originBurst, originPerSecond } = this.#options;
    const refill = Math.max(0, now - this.#refilled) * (originPerSecond / 1000);
    this.#tokens = Math.min(originBurst, this.#tokens + refill);
    this.#refilled = now;
    const needed = this.#isNew(network, now) ? 1 : 1 + Math.floor(originBurst * keptShare);
    if (this.#tokens < needed || this.#networks.take(network, 1, now) > 0) return false;
    this.#tokens -= 1;
    this.#helped.delete(network);
    this.#helped.set(network, now);
    for (const oldest of this.#helped.keys()) {
      if (this.#helped.size <= networksLimit) break;
      this.#helped.delete(oldest);
    }
    return true;
  }

  /** Whether the network has taken nothing in the time in which all of the burst fills up again. */
  #isNew(network: ClientNetwork, now: number): boolean {
    const { originBurst, originPerSecond } = this.#options;
    const last = this.#helped.get(network);
    return last === undefined || now - last >= (originBurst / originPerSecond) * 1000;
  }
}
