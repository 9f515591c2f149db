import { type AddressWords, type Netblock, wordsOf } from './address.ts';
import { createIpv4Search, createIpv6Search } from './interval-search.ts';
import { type Pieces, allAtOnce } from './pieces.ts';

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

interface NetblockEntry<T> {
  readonly netblock: Netblock;
  readonly value: T;
}

/**
 * Compiles netblocks for look-up. Of two entries with the same netblock the later counts.
 *
 * Netblocks nest or are apart, so their edges cut the address space into intervals, and each interval has one longest
 * netblock. A look-up is a search for the interval.
 */
export function createNetblockTable<T>(entries: Iterable<NetblockEntry<T>>): NetblockTable<T> {
  return allAtOnce(compileNetblockTable(entries));
}

/** The same in pieces, but for what cannot be cut: sorting, and the indexes of the two searches. */
export function* compileNetblockTable<T>(entries: Iterable<NetblockEntry<T>>): Pieces<NetblockTable<T>> {
  const ipv4: Edge<T>[] = [];
  const ipv6: Edge<T>[] = [];
  for (const { netblock, value } of entries) {
    (netblock.family === 4 ? ipv4 : ipv6).push(edgeOf(netblock, value));
    yield;
  }
  const four = yield* cutIntoIntervals(ipv4);
  const six = yield* cutIntoIntervals(ipv6);
  const findIpv4 = createIpv4Search(four.starts);
  yield;
  const findIpv6 = createIpv6Search(six.starts);
  return {
    size: four.size + six.size,
    find: (words) => (words.family === 4 ? four.matches[findIpv4(words)] : six.matches[findIpv6(words)]),
  };
}

/** How many addresses there are; those of IPv4 are taken for the first bits of longer ones. */
export const spaceSize = 1n << 128n;

interface Edge<T> extends NetblockEntry<T> {
  /** The first bits of `start`, as many as a double holds: most comparisons need no more. */
  readonly key: number;
  readonly start: bigint;
  /** The first address after it. */
  readonly end: bigint;
}

function edgeOf<T>(netblock: Netblock, value: T): Edge<T> {
  const words = wordsOf(netblock.address);
  const start = numberOf(words);
  return {
    netblock,
    value,
    key: (words.a >>> 0) * 2 ** 21 + (words.b >>> 11),
    start,
    end: start + (spaceSize >> BigInt(netblock.length)),
  };
}

export function numberOf({ a, b, c, d }: AddressWords): bigint {
  return (BigInt(a >>> 0) << 96n) | (BigInt(b >>> 0) << 64n) | (BigInt(c >>> 0) << 32n) | BigInt(d >>> 0);
}

/** The intervals' first addresses in rising order, and for each the longest netblock, if there is one. */
function* cutIntoIntervals<T>(edges: readonly Edge<T>[]) {
  const sorted = edges.toSorted(compareEdges);
  yield;
  // The first begins with the first address: every address has an interval.
  const starts = [0n];
  const matches: (NetblockMatch<T> | undefined)[] = [undefined];
  const open: { readonly end: bigint; readonly match: NetblockMatch<T> }[] = [];
  let size = 0;
  const begin = (start: bigint, match: NetblockMatch<T> | undefined) => {
    if (start === spaceSize) return;
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
    yield;
  }
  closeUntil(undefined);
  return { size, starts, matches };
}

/** By their first address, the wider first. */
function compareEdges(one: Edge<unknown>, other: Edge<unknown>): number {
  if (one.key !== other.key) return one.key - other.key;
  if (one.start !== other.start) return one.start < other.start ? -1 : 1;
  return one.netblock.length - other.netblock.length;
}

function sameNetblock(one: Netblock, other: Netblock): boolean {
  return one.length === other.length && one.address === other.address;
}
