import type { CompiledMirror } from './compiled-mirror.ts';
import type { MirrorState } from './mirror-state.ts';

/**
 * What a choice asks of every mirror of a tier, in columns by the mirror's index. A tier may have hundreds of mirrors,
 * and to visit three objects of each is slower (docs/performance.md).
 */
export interface MirrorColumns {
  readonly hashes: Int32Array;
  readonly weights: Float64Array;
  /** Whom the mirror is open to, as bits; 0 where that takes a closer look. */
  readonly open: Uint8Array;
  /** What it holds: a mirror of another state than healthy is not open. */
  readonly serials: Float64Array;
}

const overIpv4 = 1;
const overIpv6 = 2;
const overHttps = 4;

/** @param states by the mirror's index */
export function createColumns(
  mirrors: readonly CompiledMirror[],
  states: readonly (MirrorState | undefined)[],
): MirrorColumns {
  return {
    hashes: Int32Array.from(mirrors, ({ hash }) => hash),
    weights: Float64Array.from(mirrors, ({ mirror }) => mirror.weight),
    open: Uint8Array.from(mirrors, (mirror, index) => openTo(mirror, states[index])),
    serials: Float64Array.from(mirrors, (_, index) => states[index]?.serial ?? 0),
  };
}

/** The bits that a mirror must have to be open to such a client. */
export function openingFor(family: 4 | 6, secure: boolean): number {
  return (family === 4 ? overIpv4 : overIpv6) | (secure ? overHttps : 0);
}

/** No bits unless everybody may be sent there for everything that it holds. */
function openTo(
  { mirror, family, secure, repositories, onlyCountries }: CompiledMirror,
  state: MirrorState | undefined,
): number {
  const limited =
    !mirror.enabled || mirror.private || repositories !== undefined || onlyCountries !== undefined;
  if (limited || state?.healthy !== true) return 0;
  const ipv4 = family !== 6 && state.ipv4 !== false;
  const ipv6 = family !== 4 && state.ipv6 !== false;
  return (ipv4 ? overIpv4 : 0) | (ipv6 ? overIpv6 : 0) | (secure ? overHttps : 0);
}
