import { type CompiledMirror, compileMirror } from './compiled-mirror.ts';
import type { Coordinates } from './distance.ts';
import { type MirrorColumns, createColumns } from './mirror-columns.ts';
import type { Mirror, MirrorId } from './mirror.ts';
import type { MirrorState } from './mirror-state.ts';
import { type NearnessOrder, createNearness } from './nearness.ts';
import { formatNetblock } from './netblock.ts';
import { hostOf } from './public-mirrors.ts';
import { type NetblockTable, createNetblockTable } from './netblock-table.ts';

/** The indexes of some mirrors of a table, in rising order. */
export type MirrorGroup = Uint32Array;

export const emptyGroup: MirrorGroup = new Uint32Array(0);

/** The mirrors and their states, compiled for {@link chooseMirrors}. Immutable; replaced by one assignment. */
export interface MirrorTable {
  readonly mirrors: readonly CompiledMirror[];
  /** The part, from 0 to 1, of all requests outside its own netblocks that one mirror may take. 1 is no limit. */
  readonly greatestShare: number;
  /** By the mirror's index. A mirror without a state has not been probed yet. */
  readonly states: readonly (MirrorState | undefined)[];
  readonly columns: MirrorColumns;
  /** By name, and by the host names of their URLs. */
  readonly byName: ReadonlyMap<string, readonly MirrorId[]>;
  readonly byNetblock: NetblockTable<MirrorGroup>;
  readonly byAsn: ReadonlyMap<number, MirrorGroup>;
  readonly byCountry: ReadonlyMap<string, MirrorGroup>;
  readonly byNearness: (place: Coordinates | undefined) => NearnessOrder;
}

/** Compiles a table. When only states have changed, {@link withStates} is much cheaper. */
export function createMirrorTable(
  mirrors: readonly Mirror[],
  states: ReadonlyMap<MirrorId, MirrorState>,
  greatestShare = 1,
): MirrorTable {
  // In the order of their numbers, so that the order of the list cannot matter.
  const compiled = mirrors.toSorted((one, other) => one.id - other.id).map(compileMirror);
  const byNetblock = groupBy(compiled, ({ mirror }) => mirror.netblocks.map(formatNetblock));
  const netblocks = compiled.flatMap(({ mirror }) => mirror.netblocks);
  return {
    mirrors: compiled,
    greatestShare,
    ...columnsOf(compiled, states),
    byName: nameMirrors(compiled),
    byNetblock: createNetblockTable(
      netblocks.map((netblock) => ({
        netblock,
        value: byNetblock.get(formatNetblock(netblock)) ?? emptyGroup,
      })),
    ),
    byAsn: groupBy(compiled, ({ mirror }) => mirror.asns),
    byCountry: groupBy(compiled, ({ mirror }) => [mirror.country]),
    byNearness: createNearness(compiled),
  };
}

/** The same mirrors with other states; everything else is shared with `table`. */
export function withStates(table: MirrorTable, states: ReadonlyMap<MirrorId, MirrorState>): MirrorTable {
  return { ...table, ...columnsOf(table.mirrors, states) };
}

function nameMirrors(compiled: readonly CompiledMirror[]): ReadonlyMap<string, readonly MirrorId[]> {
  const groups = groupBy(compiled, ({ mirror }) => [mirror.name, ...mirror.urls.map(hostOf)]);
  return new Map(
    [...groups].map(([name, group]) => [
      name,
      [...group].flatMap((index) => compiled[index]?.mirror.id ?? []),
    ]),
  );
}

function columnsOf(mirrors: readonly CompiledMirror[], byId: ReadonlyMap<MirrorId, MirrorState>) {
  const states = mirrors.map(({ mirror }) => byId.get(mirror.id));
  return { states, columns: createColumns(mirrors, states) };
}

function groupBy<K>(mirrors: readonly CompiledMirror[], keysOf: (mirror: CompiledMirror) => readonly K[]) {
  const groups = new Map<K, number[]>();
  for (const mirror of mirrors) {
    for (const key of new Set(keysOf(mirror))) {
      const group = groups.get(key);
      if (group === undefined) groups.set(key, [mirror.index]);
      else group.push(mirror.index);
    }
  }
  return new Map([...groups].map(([key, group]) => [key, Uint32Array.from(group)]));
}
