/** How one of a mirror's URLs answers. */
export interface UrlState {
  readonly url: string;
  /** Whether it answered as it should when it was last probed. */
  readonly reachable: boolean;
  /** Whether it can be reached over IPv4. Undefined is unknown: assume that it can. */
  readonly ipv4?: boolean;
  /** Whether it can be reached over IPv6. Undefined is unknown: assume that it can. */
  readonly ipv6?: boolean;
  /** Why it does not answer, or not over every address family that it has addresses of. */
  readonly reason?: string;
}

/** What routing needs to know of a mirror. Immutable: a change is a new object. */
export interface MirrorState {
  readonly healthy: boolean;
  /** Why it is out, for people; only when it is not healthy. */
  readonly reason?: string;
  /** When it became healthy or went out, in milliseconds since the epoch. */
  readonly since: number;
  /** What its `publication.json` said: it holds all that was published up to this serial. 0 is unknown. */
  readonly serial: number;
  /** Whether it can be reached over IPv4. Undefined is unknown: assume that it can. */
  readonly ipv4?: boolean;
  /** Whether it can be reached over IPv6. Undefined is unknown: assume that it can. */
  readonly ipv6?: boolean;
  /** How each of its URLs answers, where they are probed apart. Without it, only the first is used. */
  readonly urls?: readonly UrlState[];
  /** What is not right about it although it is in: it claims more than it holds, say. For people. */
  readonly warning?: string;
  /** How long it takes to answer, smoothed, in milliseconds. */
  readonly responseTime?: number;
  /** Whether it sends several parts of a blob at once when it is asked to; undefined is unknown. */
  readonly severalParts?: boolean;
  /** When its certificate ends, the first if it has several, in milliseconds since the epoch; and whether that is soon. */
  readonly certificate?: { readonly expires: number; readonly soon: boolean };
}

/** A mirror's state with what decides when it may come back. */
export interface MirrorHealth extends MirrorState {
  /** What brings it back: one part of one blob, or, after wrong bytes, a full check. */
  readonly needs: 'probe' | 'full-check';
  /** Good probes in a row since it went out. */
  readonly good: number;
  /** When it went out, lately: milliseconds since the epoch, oldest first, at most {@link flipLimit}. */
  readonly flips: readonly number[];
}

/** What is known of a mirror besides how it is; what is undefined or not there is as it was. */
export type MirrorFacts = Pick<
  MirrorState,
  'serial' | 'ipv4' | 'ipv6' | 'urls' | 'responseTime' | 'severalParts' | 'certificate'
> & {
  /** Undefined where there is nothing to warn of. */
  readonly warning?: string | undefined;
};

/** What a probe found. `full` says that it was a full check: several parts of several blobs, one of them whole. */
export type ProbeVerdict =
  | ({ readonly ok: true; readonly full: boolean } & MirrorFacts)
  | { readonly ok: false; readonly wrongBytes: boolean; readonly reason: string };

const flipWindow = 10 * 60_000;
const flipLimit = 8;

/** A mirror that nobody has probed gets no clients. */
export function newMirrorHealth(now: number): MirrorHealth {
  return {
    healthy: false,
    reason: 'not probed yet',
    since: now,
    serial: 0,
    needs: 'probe',
    good: 0,
    flips: [],
  };
}

/**
 * The state machine. One failed probe takes a mirror out; one good probe brings it back, or a few when it has been
 * going in and out. After wrong bytes only full checks count. Returns `health` itself when nothing has changed.
 */
export function afterProbe(health: MirrorHealth, verdict: ProbeVerdict, now: number): MirrorHealth {
  return verdict.ok ? afterGood(health, verdict, now) : afterBad(health, verdict, now);
}

/**
 * How many good probes in a row bring the mirror back. At a probe each 2 seconds a mirror is back within 5 seconds of
 * having recovered, also when it has gone out a few times; one that goes out again and again, within 10.
 */
export function goodProbesNeeded(health: MirrorHealth, now: number): number {
  const flips = recentFlips(health, now).length;
  if (flips <= 2) return 1;
  return flips <= 6 ? 2 : 5;
}

/** A clock that was set back makes old ones look as if they were still to come. */
function recentFlips({ flips }: MirrorHealth, now: number): readonly number[] {
  return flips.filter((at) => Math.abs(now - at) < flipWindow);
}

function afterGood(
  health: MirrorHealth,
  verdict: Extract<ProbeVerdict, { ok: true }>,
  now: number,
): MirrorHealth {
  const facts = withFacts(health, verdict);
  if (health.healthy) return facts;
  if (health.needs === 'full-check' && !verdict.full) return facts;
  const good = health.good + 1;
  if (good < goodProbesNeeded(health, now)) return { ...facts, good };
  const { reason: _reason, ...rest } = facts;
  return { ...rest, healthy: true, since: now, needs: 'probe', good: 0 };
}

function afterBad(
  health: MirrorHealth,
  verdict: Extract<ProbeVerdict, { ok: false }>,
  now: number,
): MirrorHealth {
  const needs = verdict.wrongBytes ? 'full-check' : health.needs;
  if (health.healthy) {
    const flips = [...recentFlips(health, now), now].slice(-flipLimit);
    return { ...health, healthy: false, reason: verdict.reason, since: now, needs, good: 0, flips };
  }
  if (health.reason === verdict.reason && health.needs === needs && health.good === 0) return health;
  return { ...health, reason: verdict.reason, needs, good: 0 };
}

/** What has not changed must be the same object in `verdict` as in `health`. */
function withFacts(health: MirrorHealth, verdict: Extract<ProbeVerdict, { ok: true }>): MirrorHealth {
  const { ok: _ok, full: _full, warning, ...facts } = verdict;
  const { warning: _old, ...rest } = health;
  const next: MirrorHealth = { ...rest, ...facts, ...(warning === undefined ? {} : { warning }) };
  const keys = Object.keys(next) as (keyof MirrorHealth)[];
  const same = keys.length === Object.keys(health).length && keys.every((key) => next[key] === health[key]);
  return same ? health : next;
}
