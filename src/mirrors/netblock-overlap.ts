import { type Netblock, wordsOf } from '../net/address.ts';
import { numberOf, spaceSize } from '../net/netblock-table.ts';

/** CIDR blocks of which none contains another, in the order of their addresses, IPv4 apart from IPv6. */
export interface OverlapSearch {
  /** One that has addresses in common with `netblock`. */
  find(netblock: Netblock): Netblock | undefined;
}

interface Span {
  readonly netblock: Netblock;
  readonly start: bigint;
  /** The first address after it. */
  readonly end: bigint;
}

/**
 * Prepares blocks, none of which may contain another, for many searches: to compare each with each takes seconds for a
 * thousand of them.
 */
export function createOverlapSearch(netblocks: readonly Netblock[]): OverlapSearch {
  const families = { 4: sortedSpans(netblocks, 4), 6: sortedSpans(netblocks, 6) };
  return {
    find(netblock) {
      const spans = families[netblock.family];
      const { start, end } = spanOf(netblock);
      // The last that begins before the end of `netblock`: the ones before it end earlier.
      let [low, high] = [0, spans.length];
      while (low < high) {
        const middle = (low + high) >>> 1;
        if ((spans[middle]?.start ?? spaceSize) < end) low = middle + 1;
        else high = middle;
      }
      const last = spans[low - 1];
      return last !== undefined && last.end > start ? last.netblock : undefined;
    },
  };
}

/** Two of the blocks, of which the first contains the second; undefined when none does. */
export function findNested(netblocks: readonly Netblock[]): readonly [Netblock, Netblock] | undefined {
  for (const family of [4, 6] as const) {
    // Blocks nest or are apart, so that the first that lies in another comes right after one that it lies in.
    const spans = sortedSpans(netblocks, family);
    for (let at = 1; at < spans.length; at += 1) {
      const [before, span] = [spans[at - 1], spans[at]];
      if (before !== undefined && span !== undefined && span.start < before.end) {
        return [before.netblock, span.netblock];
      }
    }
  }
  return undefined;
}

function sortedSpans(netblocks: readonly Netblock[], family: 4 | 6): readonly Span[] {
  return netblocks
    .filter((netblock) => netblock.family === family)
    .map(spanOf)
    .sort((one, other) => {
      if (one.start !== other.start) return one.start < other.start ? -1 : 1;
      return one.netblock.length - other.netblock.length;
    });
}

function spanOf(netblock: Netblock): Span {
  const start = numberOf(wordsOf(netblock.address));
  return { netblock, start, end: start + (spaceSize >> BigInt(netblock.length)) };
}
