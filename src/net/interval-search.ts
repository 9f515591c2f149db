import type { AddressWords } from './address.ts';

/**
 * How an address is found among many intervals: a function from it to the position of its interval, -1 before the first,
 * that makes nothing. `starts` are the intervals' first addresses in rising order, as numbers of 128 bits, of which an
 * IPv4 address is the first 32.
 *
 * An index of slots of equal width leads to the few intervals that begin in the same slot, and the search among them is
 * binary. There are about as many slots as intervals: then most searches end at once, and the index is no larger than
 * what it leads to.
 */
export type IntervalSearch = (words: AddressWords) => number;

/** Slots are the first bits of an address. */
export function createIpv4Search(starts: readonly bigint[]): IntervalSearch {
  const keys = Uint32Array.from(starts, (start) => Number(start >> 96n));
  const bits = slotBits(keys.length);
  const firsts = countFirsts(keys, bits, (key) => key >>> (32 - bits));
  return ({ a }) => {
    const slot = a >>> (32 - bits);
    let from = firsts[slot] ?? 0;
    let to = firsts[slot + 1] ?? 0;
    while (from < to) {
      const middle = (from + to) >>> 1;
      if ((keys[middle] ?? 0) <= a >>> 0) from = middle + 1;
      else to = middle;
    }
    return from - 1;
  };
}

/**
 * Compares the first 53 bits as one double: hardly any netblock is longer, and where one is, the rest decides. Slots
 * divide what lies between the first and the last start, or most of them would go to parts that nobody uses.
 */
export function createIpv6Search(starts: readonly bigint[]): IntervalSearch {
  const keys = Float64Array.from(starts, (start) => Number(start >> restBits));
  const rests = starts.some((start) => BigInt.asUintN(75, start) !== 0n) ? restsOf(starts) : undefined;
  const least = keys[0] ?? Infinity;
  const greatest = keys.at(-1) ?? -Infinity;
  const bits = slotBits(keys.length);
  // The last slot is for the last start alone: rounding cannot lead beyond it.
  const scale = (2 ** bits - 1) / Math.max(1, greatest - least);
  const firsts = countFirsts(keys, bits, (key) => Math.floor((key - least) * scale));
  return (words) => {
    const key = (words.a >>> 0) * 2 ** 21 + (words.b >>> 11);
    if (key < least) return -1;
    if (key > greatest) return keys.length - 1;
    const slot = Math.floor((key - least) * scale);
    let from = firsts[slot] ?? 0;
    let to = firsts[slot + 1] ?? 0;
    while (from < to) {
      const middle = (from + to) >>> 1;
      const start = keys[middle] ?? 0;
      if (start < key || (start === key && (rests === undefined || isRestUpTo(rests, middle, words)))) {
        from = middle + 1;
      } else to = middle;
    }
    return from - 1;
  };
}

const restBits = 75n;

/** The words of the starts from the second on: the first is in the double. */
function restsOf(starts: readonly bigint[]) {
  const wordsAt = (shift: bigint) =>
    Uint32Array.from(starts, (start) => Number(BigInt.asUintN(32, start >> shift)));
  return { b: wordsAt(64n), c: wordsAt(32n), d: wordsAt(0n) };
}

/** Whether a start is not above the address, where both begin with the same 53 bits. */
function isRestUpTo(rests: ReturnType<typeof restsOf>, at: number, { b, c, d }: AddressWords): boolean {
  const first = (rests.b[at] ?? 0) - (b >>> 0) || (rests.c[at] ?? 0) - (c >>> 0);
  return (first || (rests.d[at] ?? 0) - (d >>> 0)) <= 0;
}

function slotBits(intervals: number): number {
  return Math.min(16, Math.max(8, Math.ceil(Math.log2(intervals + 1))));
}

/** For each slot, how many keys are in slots before it. */
function countFirsts(
  keys: Uint32Array | Float64Array,
  bits: number,
  slotOf: (key: number) => number,
): Uint32Array {
  const firsts = new Uint32Array(2 ** bits + 1);
  for (const key of keys) firsts[slotOf(key) + 1] = (firsts[slotOf(key) + 1] ?? 0) + 1;
  for (let slot = 1; slot < firsts.length; slot += 1) {
    firsts[slot] = (firsts[slot] ?? 0) + (firsts[slot - 1] ?? 0);
  }
  return firsts;
}
