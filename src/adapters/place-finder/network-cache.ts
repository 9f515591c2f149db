import type { AddressWords } from '../../net/address.ts';

/** Remembers something about client networks: /24 for IPv4, /48 for IPv6. */
export interface NetworkCache<T> {
  get(words: AddressWords): T | undefined;
  /** Keeps the value if it holds for the whole network, that is, for a netblock not longer than the network. */
  set(words: AddressWords, value: T, length: number): void;
}

/**
 * A cache of at most twice `generation` networks. What has not been asked for during a whole generation goes: that is
 * nearly as good as dropping the least recently used, and costs nothing when a value is found.
 */
export function createNetworkCache<T>(generation = 32_768): NetworkCache<T> {
  let recent = new Map<number, T>();
  let older = new Map<number, T>();
  const remember = (key: number, value: T) => {
    if (recent.size >= generation) {
      older = recent;
      recent = new Map();
    }
    recent.set(key, value);
  };
  return {
    get: (words) => {
      const key = keyOf(words);
      const found = recent.get(key);
      if (found !== undefined) return found;
      const old = older.get(key);
      if (old !== undefined) remember(key, old);
      return old;
    },
    set: (words, value, length) => {
      if (length <= (words.family === 4 ? 24 : 48)) remember(keyOf(words), value);
    },
  };
}

/** IPv6 networks are positive, 48 bits; IPv4 networks are below 0. */
function keyOf({ family, a, b }: AddressWords): number {
  return family === 4 ? -1 - (a >>> 8) : (a >>> 0) * 65_536 + (b >>> 16);
}
