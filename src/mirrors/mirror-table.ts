import { type CompiledMirror, compileMirror } from './compiled-mirror.ts';
import type { Coordinates } from './distance.ts';
import { type MirrorColumns, createColumns } from './mirror-columns.ts';
import type { Mirror, MirrorId } from './mirror.ts';
import type { MirrorState } from './mirror-state.ts';
import { type NearnessOrder, createNearness } from './nearness.ts';
import { formatNetblock } from '../net/netblock.ts';
import { hostOf } from './mirror.ts';
import { type NetblockTable, compileNetblockTable } from '../net/netblock-table.ts';
import { type Pieces, allAtOnce } from '../net/pieces.ts';

/** The indexes of some mirrors of a table, in rising order. */
export type MirrorGroup = Uint32Array;

export const emptyGroup: MirrorGroup = new Uint32Array(0);

/** The mirrors and their states, compiled for {@link chooseMirrors}. Immutable; replaced by one assignment. */
export interface MirrorTable {
  readonly mirrors: readonly CompiledMirror[];
  /** The part, from 0 to 1, of all requests outside its own netblocks that one mirror may take. 1 is no limit. */
  readonly maxShare: number;
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

/** What of a table does not depend on the mirrors' states. */
export type CompiledMirrors = Omit<MirrorTable, 'states' | 'columns'>;

/** Compiles a table. When only states have changed, {@link withStates} is much cheaper. */
export function createMirrorTable(
  mirrors: readonly Mirror[],
  states: ReadonlyMap<MirrorId, MirrorState>,
  maxShare = 1,
): MirrorTable {
  return withStates(allAtOnce(compileMirrors(mirrors, maxShare)), states);
}

/** Most of the work for a table, in pieces: all of it takes tenths of a second when mirrors have 20,000 CIDR blocks. */
export function* compileMirrors(mirrors: readonly Mirror[], maxShare: number): Pieces<CompiledMirrors> {
  const compiled: CompiledMirror[] = [];
  // In the order of their numbers, so that the order of the list cannot matter.
  for (const mirror of mirrors.toSorted((one, other) => one.id - other.id)) {
    compiled.push(compileMirror(mirror, compiled.length));
    yield;
  }
  const byNetblock = yield* groupBy(compiled, ({ mirror }) => mirror.netblocks.map(formatNetblock));
  return {
    mirrors: compiled,
    maxShare,
    byName: yield* nameMirrors(compiled),
    byNetblock: yield* compileNetblockTable(netblocksOf(compiled, byNetblock)),
    byAsn: yield* groupBy(compiled, ({ mirror }) => mirror.asns),
    byCountry: yield* groupBy(compiled, ({ mirror }) => [mirror.country]),
    byNearness: createNearness(compiled),
  };
}

/** The same mirrors with other states; everything else is shared with `table`. */
export function withStates(table: CompiledMirrors, states: ReadonlyMap<MirrorId, MirrorState>): MirrorTable {
  return { ...table, ...columnsOf(table.mirrors, states) };
}

function* netblocksOf(mirrors: readonly CompiledMirror[], groups: ReadonlyMap<string, MirrorGroup>) {
  for (const { mirror } of mirrors) {
    for (const netblock of mirror.netblocks) {
      yield { netblock, value: groups.get(formatNetblock(netblock)) ?? emptyGroup };
    }
  }
}

function* nameMirrors(compiled: readonly CompiledMirror[]): Pieces<ReadonlyMap<string, readonly MirrorId[]>> {
  const groups = yield* groupBy(compiled, ({ mirror }) => [mirror.name, ...mirror.urls.map(hostOf)]);
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

function* groupBy<K>(
  mirrors: readonly CompiledMirror[],
  keysOf: (mirror: CompiledMirror) => readonly K[],
): Pieces<ReadonlyMap<K, MirrorGroup>> {
  const groups = new Map<K, number[]>();
  for (const mirror of mirrors) {
    for (const key of new Set(keysOf(mirror))) {
      const group = groups.get(key);
      if (group === undefined) groups.set(key, [mirror.index]);
      else group.push(mirror.index);
    }
    yield;
  }
  const made = new Map<K, MirrorGroup>();
  for (const [key, group] of groups) {
    made.set(key, Uint32Array.from(group));
    yield;
  }
  return made;
}
