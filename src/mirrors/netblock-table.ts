import { type AddressWords, type Netblock, wordsOf } from './address.ts';

/** A netblock of a table, and the next wider one around it. */
export interface NetblockMatch<T> {
  readonly netblock: Netblock;
  readonly value: T;
  readonly wider: NetblockMatch<T> | undefined;
}

/** Finds the netblocks around an address, the longest first. Immutable. */
export interface NetblockTable<T> {
  readonly size: number;
  /** The longest netblock that contains the address; wider ones hang on it. */
  find(words: AddressWords): NetblockMatch<T> | undefined;
}

/**
 * Compiles netblocks for look-up. Of two entries with the same netblock the later counts.
 *
 * Netblocks nest or are apart, so their edges cut the address space into intervals, and each interval has one longest
 * netblock. A look-up is a binary search for the interval: for IPv4 among those that share the address's first
 * bits.
 */
export function createNetblockTable<T>(
  entries: Iterable<{ readonly netblock: Netblock; readonly value: T }>,
): NetblockTable<T> {
  const ipv4: Edge<T>[] = [];
  const ipv6: Edge<T>[] = [];
  for (const { netblock, value } of entries) {
    (netblock.family === 4 ? ipv4 : ipv6).push(edgeOf(netblock, value));
  }
  const four = cutIntoIntervals(ipv4);
  const six = cutIntoIntervals(ipv6);
  const findIpv4 = createIpv4Search(four.starts);
  const findIpv6 = createIpv6Search(six.starts);
  return {
    size: four.size + six.size,
    find: (words) => (words.family === 4 ? four.matches[findIpv4(words.a)] : six.matches[findIpv6(words)]),
  };
}

interface Edge<T> {
  readonly netblock: Netblock;
  readonly value: T;
  readonly start: bigint;
  /** The first address after it. */
  readonly end: bigint;
}

function edgeOf<T>(netblock: Netblock, value: T): Edge<T> {
  const start = numberOf(wordsOf(netblock.address));
  const bits = netblock.family === 4 ? 32 : 128;
  return { netblock, value, start, end: start + (1n << BigInt(bits - netblock.length)) };
}

function numberOf(words: AddressWords): bigint {
  const { family, a, b, c, d } = words;
  if (family === 4) return BigInt(a >>> 0);
  return (BigInt(a >>> 0) << 96n) | (BigInt(b >>> 0) << 64n) | (BigInt(c >>> 0) << 32n) | BigInt(d >>> 0);
}

/** The intervals' first addresses in rising order, and for each the longest netblock, if there is one. */
function cutIntoIntervals<T>(edges: readonly Edge<T>[]) {
  const sorted = edges.toSorted((one, other) =>
    one.start === other.start
      ? one.netblock.length - other.netblock.length
      : one.start < other.start
        ? -1
        : 1,
  );
  const starts: bigint[] = [];
  const matches: (NetblockMatch<T> | undefined)[] = [];
  const open: { readonly end: bigint; readonly match: NetblockMatch<T> }[] = [];
  let size = 0;
  const begin = (start: bigint, match: NetblockMatch<T> | undefined) => {
    if (starts.at(-1) === start) {
      matches[matches.length - 1] = match;
    } else {
      starts.push(start);
      matches.push(match);
    }
  };
  const closeUntil = (limit: bigint | undefined) => {
    for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
      if (limit !== undefined && top.end > limit) return;
      open.pop();
      begin(top.end, open.at(-1)?.match);
    }
  };
  for (const { netblock, value, start, end } of sorted) {
    closeUntil(start);
    const around = open.at(-1)?.match;
    const same = around !== undefined && sameNetblock(around.netblock, netblock);
    if (same) open.pop();
    else size += 1;
    const match = { netblock, value, wider: same ? around.wider : around };
    begin(start, match);
    open.push({ end, match });
  }
  closeUntil(undefined);
  return { size, starts, matches };
}

function sameNetblock(one: Netblock, other: Netblock): boolean {
  return one.length === other.length && one.address === other.address;
}

/** @returns a function from an address to the position of its interval; -1 before the first */
function createIpv4Search(intervals: readonly bigint[]): (address: number) => number {
  // An interval that begins after the last address is never found, and does not fit.
  const inside = intervals.filter((start) => start < 1n << 32n);
  const starts = Uint32Array.from(inside, Number);
  // About as many slots as intervals: then most searches end at once, and the index is no larger than the table.
  const shift = 32 - Math.min(16, Math.max(8, Math.ceil(Math.log2(starts.length + 1))));
  const firsts = new Uint32Array(2 ** (32 - shift) + 1);
  for (const start of starts) firsts[(start >>> shift) + 1] = (firsts[(start >>> shift) + 1] ?? 0) + 1;
  for (let slot = 1; slot < firsts.length; slot += 1) {
    firsts[slot] = (firsts[slot] ?? 0) + (firsts[slot - 1] ?? 0);
  }
  return (address) => {
    const slot = address >>> shift;
    return lastUpTo(starts, address >>> 0, firsts[slot] ?? 0, firsts[slot + 1] ?? 0);
  };
}

/** The position of the last start that is not above `value`, where all before `low` are and none from `high` on is. */
function lastUpTo(starts: Uint32Array, value: number, low: number, high: number): number {
  let from = low;
  let to = high;
  while (from < to) {
    const middle = (from + to) >>> 1;
    if ((starts[middle] ?? 0) <= value) from = middle + 1;
    else to = middle;
  }
  return from - 1;
}

function createIpv6Search(intervals: readonly bigint[]): (words: AddressWords) => number {
  const inside = intervals.filter((start) => start < 1n << 128n);
  const word = (shift: bigint) =>
    Uint32Array.from(inside, (start) => Number((start >> shift) & 0xffff_ffffn));
  const [a, b, c, d] = [word(96n), word(64n), word(32n), word(0n)];
  const isUpTo = (at: number, words: AddressWords): boolean => {
    // Netblocks are seldom longer than /64: the last two words hardly ever decide.
    const first = (a[at] ?? 0) - (words.a >>> 0) || (b[at] ?? 0) - (words.b >>> 0);
    if (first !== 0) return first < 0;
    return ((c[at] ?? 0) - (words.c >>> 0) || (d[at] ?? 0) - (words.d >>> 0)) <= 0;
  };
  return (words) => {
    let from = 0;
    let to = inside.length;
    while (from < to) {
      const middle = (from + to) >>> 1;
      if (isUpTo(middle, words)) from = middle + 1;
      else to = middle;
    }
    return from - 1;
  };
}
