/** Says how many requests each key may make. */
export interface RateLimit {
  /**
   * Takes `cost` from what the key has left.
   * @param now milliseconds since the epoch
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

/**
 * Each key has a minute's worth at once, which fills up again steadily. A cost that is more than what is left is taken
 * as far as it goes. At most `keys` keys are remembered: the one that asked longest ago is forgotten first.
 */
export function createRateLimit(perMinute: number, keys = 10_000): RateLimit {
  const perMillisecond = perMinute / 60_000;
  const known = new Map<string, Left>();
  return {
    take(key, cost, now) {
      const before = known.get(key) ?? { left: perMinute, at: now };
      const earned = Math.max(0, now - before.at) * perMillisecond;
      const has = Math.min(perMinute, before.left + earned);
      known.delete(key);
      known.set(key, { left: Math.max(0, has - cost), at: now });
      for (const oldest of known.keys()) {
        if (known.size <= keys) break;
        known.delete(oldest);
      }
      return has >= Math.min(cost, 1) ? 0 : Math.ceil((1 - has) / perMillisecond / 1000);
    },
    giveBack(key, cost) {
      const before = known.get(key);
      if (before !== undefined) before.left = Math.min(perMinute, before.left + cost);
    },
  };
}
