import { hostOf } from './mirror.ts';
import type { CompiledMirror } from './compiled-mirror.ts';
import type { Mirror } from './mirror.ts';
import type { MirrorState } from './mirror-state.ts';
import type { MirrorTable } from './mirror-table.ts';
import { formatTime } from '../text/format-time.ts';

/** Whether everybody may know of a mirror: it is one that strangers are sent to while it is healthy. */
export function isPublic({ enabled, approved, kind }: Mirror): boolean {
  return enabled && approved && kind !== 'private';
}

/** A public mirror, as everybody may see it. */
interface PublicMirror {
  readonly name: string;
  readonly site?: string;
  readonly kind: Mirror['kind'];
  readonly hosts: readonly string[];
  readonly urls: readonly string[];
  readonly country: string;
  readonly asns: readonly number[];
  readonly weight: number;
  readonly repositories: readonly string[];
  readonly onlyCountries: readonly string[];
  readonly exceptCountries: readonly string[];
  readonly state: PublicState;
}

interface PublicState {
  /** Clients are sent there. */
  readonly healthy: boolean;
  readonly reason?: string;
  /** ISO 8601; null while it has not been probed. */
  readonly since: string | null;
  readonly serial: number;
}

export interface PublicMirrorList {
  /** Sorted by name. */
  readonly mirrors: readonly PublicMirror[];
  /** The host names of all of them, healthy or not, sorted, each once: a firewall that lets these through is done. */
  readonly hosts: readonly string[];
}

/** Every mirror that strangers are sent to, and how it is. */
export function listPublicMirrors({ mirrors, states }: MirrorTable): PublicMirrorList {
  const listed = mirrors
    .filter(({ mirror }) => isPublic(mirror))
    .map((compiled) => describe(compiled, states[compiled.index]))
    .sort((one, other) => (one.name < other.name ? -1 : 1));
  return { mirrors: listed, hosts: [...new Set(listed.flatMap(({ hosts }) => hosts))].sort() };
}

function describe({ mirror }: CompiledMirror, state: MirrorState | undefined): PublicMirror {
  const { name, site, kind, urls, country, asns, weight } = mirror;
  const { repositories, onlyCountries, exceptCountries } = mirror;
  return {
    name,
    ...(site === undefined ? {} : { site }),
    kind,
    hosts: [...new Set(urls.map(hostOf))].sort(),
    urls,
    country,
    asns,
    weight,
    repositories,
    onlyCountries,
    exceptCountries,
    state: {
      healthy: state?.healthy === true,
      ...(state?.reason === undefined ? {} : { reason: state.reason }),
      since: state === undefined ? null : formatTime(state.since),
      serial: state?.serial ?? 0,
    },
  };
}
