import type { MonotonicClock } from '../../ports/clock.ts';
import type { Log } from '../../ports/log.ts';
import type { PublishedContent } from '../../ports/publications.ts';
import { compileSnapshot } from './compile-snapshot.ts';
import type { RoutingSnapshot } from './routing-snapshot.ts';

export interface SnapshotWatcher {
  /** The newest snapshot; undefined until the first is compiled. */
  current(): RoutingSnapshot | undefined;
  /** How the newest was compiled; undefined until the first is. */
  compilation(): Compilation | undefined;
  /** Looks for a change and compiles when there is one. It never rejects: the old snapshot stays. */
  refresh(): Promise<void>;
  /** Compiles the first snapshot and watches from then on. Rejects when the first cannot be compiled. */
  start(): Promise<void>;
  /** Ends watching; a compilation under way is waited for. */
  stop(): Promise<void>;
}

interface Compilation {
  /** When it was done, by the monotonic clock. */
  readonly at: number;
  readonly milliseconds: number;
  /** How many looks for a change have failed. */
  readonly failures: number;
}

/**
 * Keeps the routing snapshot up to date: polls the content's version and, when the publication serial has moved,
 * compiles what has changed into a new snapshot and swaps it in by one assignment. Requests under way keep the one they began with.
 */
export function createSnapshotWatcher(deps: {
  readonly content: PublishedContent;
  readonly log: Log;
  readonly clock: MonotonicClock;
  /** Gives the event loop its turn. */
  readonly pause: () => Promise<void>;
  /** Milliseconds between polls. */
  readonly interval: number;
}): SnapshotWatcher {
  const { content, log, clock, pause } = deps;
  let snapshot: RoutingSnapshot | undefined;
  let compiled: Omit<Compilation, 'failures'> | undefined;
  let failures = 0;
  let seen: number | undefined;
  let running: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;

  const compile = async () => {
    // Read before compiling: a change in the middle is found by the next poll.
    const version = await content.version();
    if (version === seen) return;
    const began = clock.monotonic();
    const next = await compileSnapshot(content, snapshot, pause);
    // The version moves with every commit to the database, most of which publish nothing.
    if (next !== snapshot) {
      snapshot = next;
      compiled = { at: clock.monotonic(), milliseconds: clock.monotonic() - began };
      log.info('snapshot compiled', { serial: snapshot.serial, ...snapshot.counts });
    }
    seen = version;
  };
  const refresh = async () => {
    running ??= compile().finally(() => {
      running = undefined;
    });
    try {
      await running;
    } catch (error) {
      failures += 1;
      log.error('snapshot not compiled: the old one stays', { error });
    }
  };
  return {
    current: () => snapshot,
    compilation: () => compiled && { ...compiled, failures },
    refresh,
    async start() {
      await compile();
      timer = setInterval(() => void refresh(), deps.interval);
      timer.unref();
    },
    async stop() {
      clearInterval(timer);
      await running?.catch(() => undefined);
    },
  };
}
