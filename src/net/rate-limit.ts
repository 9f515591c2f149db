/** Says how many requests each key may make. */
export interface RateLimit {
  /**
   * Takes `cost` from what the key has left.
   * @param now milliseconds of a monotonic clock
   * @returns 0, or after how many seconds it is worth trying again
   */
  take(key: string, cost: number, now: number): number;
  /** Gives back what a request had taken, which turned out to count elsewhere. */
  giveBack(key: string, cost: number): void;
}

interface Left {
  left: number;
  at: number;
}

/** What each key may have. */
export interface RateLimitOptions {
  /** So many at once. */
  readonly burst: number;
  /** So many on the long run. */
  readonly perMinute: number;
  /** How many keys are remembered: the one that asked longest ago is forgotten first. */
  readonly keys?: number;
}

/**
 * Each key has a burst, which fills up again steadily. A cost that is more than what is left is taken as far as it goes,
 * and a request that is refused costs nothing: who asks too often still gets what is due.
 */
export function createRateLimit({ burst, perMinute, keys = 10_000 }: RateLimitOptions): RateLimit {
  const perMillisecond = perMinute / 60_000;
  const known = new Map<string, Left>();
  return {
    take(key, cost, now) {
      const before = known.get(key) ?? { left: burst, at: now };
      const earned = Math.max(0, now - before.at) * perMillisecond;
      const has = Math.min(burst, before.left + earned);
      const granted = has >= Math.min(cost, 1);
      known.delete(key);
      known.set(key, { left: granted ? Math.max(0, has - cost) : has, at: now });
      for (const oldest of known.keys()) {
        if (known.size <= keys) break;
        known.delete(oldest);
      }
      return granted ? 0 : Math.ceil((1 - has) / perMillisecond / 1000);
    },
    giveBack(key, cost) {
      const before = known.get(key);
      if (before !== undefined) before.left = Math.min(burst, before.left + cost);
    },
  };
}
