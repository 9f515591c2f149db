import type { CompiledMirror } from './compiled-mirror.ts';
import type { MirrorState } from './mirror-state.ts';
import { responseFactors } from './response-time.ts';
import { type Connection, usableUrl } from './usable-url.ts';

/**
 * What a choice asks of every mirror of a tier, in columns by the mirror's index. A tier may have hundreds of mirrors,
 * and to visit three objects of each is slower (docs/performance.md).
 */
export interface MirrorColumns {
  readonly hashes: Int32Array;
  /** What is left of them where a mirror is slow. */
  readonly weights: Float64Array;
  /** Whom the mirror is open to, as bits; 0 where that takes a closer look. */
  readonly open: Uint8Array;
  /** What it holds: a mirror of another state than healthy is not open. */
  readonly serials: Float64Array;
}

/** @param states by the mirror's index */
export function createColumns(
  mirrors: readonly CompiledMirror[],
  states: readonly (MirrorState | undefined)[],
): MirrorColumns {
  const factors = responseFactors(
    mirrors.map(({ mirror: { country }, continent }, index) => ({
      country,
      continent,
      responseTime: states[index]?.responseTime,
    })),
  );
  return {
    hashes: Int32Array.from(mirrors, ({ hash }) => hash),
    weights: Float64Array.from(mirrors, ({ mirror }, index) => mirror.weight * (factors[index] ?? 1)),
    open: Uint8Array.from(mirrors, (mirror, index) => openTo(mirror, states[index])),
    serials: Float64Array.from(mirrors, ({ mirror }, index) =>
      mirror.kind === 'always-current' ? Infinity : (states[index]?.serial ?? 0),
    ),
  };
}

/** The bit that a mirror must have to be open to such a client. */
export function openingFor({ family, secure }: Connection): number {
  return (family === 4 ? 1 : 2) << (secure ? 2 : 0);
}

const connections: readonly Connection[] = [
  { family: 4, secure: false },
  { family: 6, secure: false },
  { family: 4, secure: true },
  { family: 6, secure: true },
];

/** No bits unless everybody may be sent there for everything that it holds. */
function openTo(compiled: CompiledMirror, state: MirrorState | undefined): number {
  const { mirror, repositories, onlyCountries, exceptCountries } = compiled;
  const limited = repositories !== undefined || onlyCountries !== undefined || exceptCountries !== undefined;
  if (!mirror.enabled || !mirror.approved || mirror.kind === 'private' || limited) return 0;
  if (state?.healthy !== true) return 0;
  return connections
    .filter((connection) => usableUrl(compiled, state, connection) !== undefined)
    .reduce((bits, connection) => bits | openingFor(connection), 0);
}
