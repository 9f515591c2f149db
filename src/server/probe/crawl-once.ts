import { changesBetween } from '../../mirrors/mirror-events.ts';
import type { Mirror, MirrorId } from '../../mirrors/mirror.ts';
import { type MirrorHealth, newMirrorHealth } from '../../mirrors/mirror-state.ts';
import type { Clock, MonotonicClock } from '../../ports/clock.ts';
import type { MirrorEvent } from '../../ports/mirror-history.ts';
import type { StoredMirrorState } from '../../ports/mirror-states.ts';
import { momentOf } from './moment.ts';
import { ProbedMirror, type ProbedMirrorDeps } from './probed-mirror.ts';
import { probeMirror } from './probe-mirror.ts';
import { type ProbeMirrorDeps } from './visit.ts';
import { inParallel } from '../../parallel/in-parallel.ts';

export interface CrawlDeps extends Omit<ProbeMirrorDeps, 'probeTimeout'>, Omit<ProbedMirrorDeps, 'random'> {
  readonly clock: Clock & MonotonicClock;
}

export interface CrawlOptions {
  /** Several parts of several blobs, one of them whole, of each mirror. */
  readonly full: boolean;
  /** How many mirrors are visited at once. */
  readonly parallel: number;
  readonly signal: AbortSignal;
  readonly onCrawled?: (mirror: CrawledMirror) => void;
}

/** What crawling a mirror once has shown. */
export interface CrawledMirror {
  readonly mirror: Mirror;
  /** What this visit saw, and nothing that was measured before. */
  readonly state: StoredMirrorState;
  /** The same, with what was measured before where this visit has measured nothing: to be kept. */
  readonly stored: StoredMirrorState;
  readonly events: readonly MirrorEvent[];
  /** What it was asked: requests, and bytes of bodies. */
  readonly requests: number;
  readonly bytes: number;
  /** Nobody can look: a private mirror that must not be probed from here. */
  readonly onItsWord: boolean;
}

/** One good visit brings a mirror back, or a few where it has been going in and out. */
const visitLimit = 5;

/**
 * Visits each of the mirrors until it is known how it is. What was known of them before is in `known`. In the order of
 * `mirrors`; those not visited yet when `signal` ends are left out.
 */
export async function crawlOnce(
  deps: CrawlDeps,
  mirrors: readonly Mirror[],
  known: ReadonlyMap<MirrorId, StoredMirrorState>,
  options: CrawlOptions,
): Promise<readonly CrawledMirror[]> {
  const found: (CrawledMirror | undefined)[] = mirrors.map(() => undefined);
  await inParallel(mirrors.entries(), options.parallel, async ([at, mirror]) => {
    if (options.signal.aborted) return;
    const crawled = await crawlMirror(deps, mirror, known.get(mirror.id), options);
    if (options.signal.aborted) return;
    found[at] = crawled;
    options.onCrawled?.(crawled);
  });
  return found.filter((crawled) => crawled !== undefined);
}

async function crawlMirror(
  deps: CrawlDeps,
  mirror: Mirror,
  known: StoredMirrorState | undefined,
  { full, signal }: CrawlOptions,
): Promise<CrawledMirror> {
  const { clock, settings } = deps;
  const probing = { ...deps, probeTimeout: settings.probeTimeout };
  // What earlier visits have measured is left out: a person who looks now wants to see what is so now.
  const probed = new ProbedMirror(
    mirror,
    known && withoutFacts(known),
    deps,
    deps.treeSerial(),
    momentOf(clock),
  );
  let [requests, bytes, onItsWord] = [0, 0, false];
  for (let visit = 0; visit < visitLimit && !probed.health.healthy && !signal.aborted; visit += 1) {
    const job = probed.begin(clock.monotonic(), deps.treeSerial(), full && visit === 0);
    if (job === undefined) break;
    const finding = await probeMirror(probing, job, signal);
    if (signal.aborted) break;
    requests += finding.requests;
    bytes += finding.bytes;
    onItsWord = !finding.ok && finding.unreachable === true && mirror.kind === 'private';
    probed.finish(finding, job, deps.treeSerial(), momentOf(clock));
    probed.end();
    if (!finding.ok) break;
  }
  const before: MirrorHealth = known ?? newMirrorHealth(clock.now());
  const state = sinceWhen(before, probed.stored());
  const events = changesBetween(before, state).map((change) => ({
    ...change,
    mirror: mirror.id,
    at: clock.now(),
  }));
  const stored = { ...(known === undefined ? {} : factsOf(known)), ...state };
  return { mirror, state, stored, events, requests, bytes, onItsWord: onItsWord && state.healthy };
}

const facts = ['ipv4', 'ipv6', 'urls', 'responseTime', 'certificate'] as const;

function factsOf(state: StoredMirrorState): Partial<StoredMirrorState> {
  return Object.fromEntries(facts.flatMap((key) => (state[key] === undefined ? [] : [[key, state[key]]])));
}

function withoutFacts(state: StoredMirrorState): StoredMirrorState {
  const rest = { ...state };
  for (const key of facts) delete rest[key];
  return rest;
}

/** A mirror that is as it was has been so since then. */
function sinceWhen(before: MirrorHealth, state: StoredMirrorState): StoredMirrorState {
  return before.healthy === state.healthy ? { ...state, since: before.since } : state;
}
