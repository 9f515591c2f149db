import type { Mirror, MirrorId, NewMirror } from '../../src/mirrors/mirror.ts';
import type { MirrorState } from '../../src/mirrors/mirror-state.ts';

/** A public mirror in Germany, unless told otherwise. */
export function newMirror(changes: Partial<NewMirror> = {}): NewMirror {
  const name = changes.name ?? 'uni-example';
  return {
    name,
    kind: 'public',
    urls: [`https://${name}.example.org/images`],
    country: 'DE',
    asns: [],
    netblocks: [],
    weight: 100,
    repositories: [],
    onlyCountries: [],
    exceptCountries: [],
    enabled: true,
    approved: true,
    ...changes,
  };
}

/** The same with a number; the name has it too. */
export function numberedMirror(id: number, changes: Partial<NewMirror> = {}): Mirror {
  return { ...newMirror({ name: `mirror-${id}`, ...changes }), id: id as MirrorId };
}

/** A state for each mirror: healthy and up to any serial, unless told otherwise. */
export function healthyStates(
  mirrors: readonly Mirror[],
  changes: Partial<MirrorState> = {},
): ReadonlyMap<MirrorId, MirrorState> {
  const state = { healthy: true, since: 0, serial: 1_000_000, ...changes };
  return new Map(mirrors.map(({ id }) => [id, state]));
}
