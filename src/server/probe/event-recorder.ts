import type { Clock, MonotonicClock } from '../../ports/clock.ts';
import type { Log } from '../../ports/log.ts';
import type { MirrorEvent, MirrorHistory } from '../../ports/mirror-history.ts';

/** Tells listeners what happens to mirrors, and keeps it for their history, in batches so that no probe waits. */
export interface EventRecorder {
  add(event: MirrorEvent): void;
  listen(callback: (event: MirrorEvent) => void): void;
  /** Writes what has come since. It never rejects: what could not be written is tried again. */
  save(): Promise<void>;
}

/** While the database cannot be written: more would be of little use, and memory is not endless. */
const waitingLimit = 10_000;
const keepTime = 90 * 24 * 3_600_000;
const keepMost = 1000;
const pruneInterval = 3_600_000;

export function createEventRecorder(deps: {
  readonly history: Pick<MirrorHistory, 'add' | 'prune'>;
  readonly clock: Clock & MonotonicClock;
  readonly log: Log;
}): EventRecorder {
  const { history, clock, log } = deps;
  const listeners: ((event: MirrorEvent) => void)[] = [];
  let waiting: MirrorEvent[] = [];
  let prunedAt = -Infinity;
  /** One batch at a time, so that they are kept in order. */
  let queue = Promise.resolve();

  async function write(): Promise<void> {
    const batch = waiting;
    waiting = [];
    try {
      if (batch.length > 0) await history.add(batch);
    } catch (error) {
      waiting = [...batch, ...waiting].slice(-waitingLimit);
      log.error('cannot save the history of mirrors', { error });
    }
  }

  async function prune(): Promise<void> {
    const now = clock.monotonic();
    if (now - prunedAt < pruneInterval) return;
    prunedAt = now;
    try {
      await history.prune({ since: clock.now() - keepTime, most: keepMost });
    } catch (error) {
      log.error('cannot forget what is old in the history of mirrors', { error });
    }
  }

  return {
    add(event) {
      waiting.push(event);
      if (waiting.length > waitingLimit) waiting = waiting.slice(-waitingLimit);
      for (const listener of listeners) {
        try {
          listener(event);
        } catch (error) {
          log.error('a listener to the events of mirrors failed', { error });
        }
      }
    },
    listen: (callback) => listeners.push(callback),
    save: () => (queue = queue.then(write).then(prune)),
  };
}
