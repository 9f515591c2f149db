import { type AddressWords, type Netblock, wordsOf } from './address.ts';
import { createIpv4Search, createIpv6Search } from './interval-search.ts';

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
 * netblock. A look-up is a search for the interval.
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
    find: (words) => (words.family === 4 ? four.matches[findIpv4(words)] : six.matches[findIpv6(words)]),
  };
}

/** How many addresses there are; those of IPv4 are taken for the first bits of longer ones. */
export const spaceSize = 1n << 128n;

interface Edge<T> {
  readonly netblock: Netblock;
  readonly value: T;
  readonly start: bigint;
  /** The first address after it. */
  readonly end: bigint;
}

function edgeOf<T>(netblock: Netblock, value: T): Edge<T> {
  const start = numberOf(wordsOf(netblock.address));
  return { netblock, value, start, end: start + (spaceSize >> BigInt(netblock.length)) };
}

export function numberOf({ a, b, c, d }: AddressWords): bigint {
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
  }
  closeUntil(undefined);
  return { size, starts, matches };
}

function sameNetblock(one: Netblock, other: Netblock): boolean {
  return one.length === other.length && one.address === other.address;
}
