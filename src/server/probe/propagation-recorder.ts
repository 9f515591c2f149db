import type { Mirror, MirrorId } from '../../mirrors/mirror.ts';
import type { MirrorState } from '../../mirrors/mirror-state.ts';
import type { Clock, MonotonicClock } from '../../ports/clock.ts';
import type { Log } from '../../ports/log.ts';
import { type Measurement, measureEach, measureOne } from '../../ports/measurement.ts';
import type { Propagation, PropagationSample } from '../../ports/propagation.ts';

/** Writes down how many mirrors hold each of the newest publications, whenever there are more. */
export interface PropagationRecorder {
  /** Looks at the mirrors now. It never rejects. */
  look(): Promise<void>;
  measurements(): readonly Measurement[];
  /** Rejects when what was written before cannot be read. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

export interface PropagationDeps {
  readonly mirrors: () => readonly Mirror[];
  readonly states: () => ReadonlyMap<MirrorId, MirrorState>;
  /** The publication serial of the tree now; 0 before there is any. */
  readonly treeSerial: () => number;
  readonly propagation: Propagation;
  readonly clock: Clock & MonotonicClock;
  readonly log: Log;
  /** Milliseconds between looks. */
  readonly interval: number;
}

/** As many of the newest publications are followed. */
const followed = 32;
/** A sample is written for each so great a part of the mirrors, so that a publication has some fifty at most. */
const step = 1 / 50;
const thinning = { whole: 100, most: 2000 };
const thinInterval = 3_600_000;

export function createPropagationRecorder(deps: PropagationDeps): PropagationRecorder {
  const { clock, log, propagation } = deps;
  /** What was written last of each publication that is followed. */
  const written = new Map<number, PropagationSample>();
  let thinnedAt = -Infinity;
  let timer: NodeJS.Timeout | undefined;
  let queue = Promise.resolve();

  /** The serials of the mirrors that clients could be sent to, were they well. */
  const serialsNow = (): readonly number[] => {
    const states = deps.states();
    return deps.mirrors().flatMap(({ id }) => states.get(id)?.serial ?? []);
  };

  const write = async () => {
    const treeSerial = deps.treeSerial();
    const serials = serialsNow();
    const samples: PropagationSample[] = [];
    // What was published before anybody looked cannot be told apart in time any more.
    const from = Math.max(1, treeSerial - followed + 1, Math.min(treeSerial, ...written.keys()));
    for (let serial = from; serial <= treeSerial; serial += 1) {
      const holding = serials.filter((own) => own >= serial).length;
      const sample = { serial, at: clock.now(), holding, mirrors: serials.length };
      if (isNews(written.get(serial), sample)) samples.push(sample);
    }
    try {
      if (samples.length > 0) await propagation.add(samples);
      for (const sample of samples) written.set(sample.serial, sample);
      for (const serial of written.keys()) if (serial <= treeSerial - followed) written.delete(serial);
      const now = clock.monotonic();
      if (now - thinnedAt < thinInterval) return;
      thinnedAt = now;
      await propagation.thin(thinning);
    } catch (error) {
      log.error('cannot write how publications spread', { error });
    }
  };
  const look = () => (queue = queue.then(write));

  return {
    look,
    async start() {
      // A restart forgets what the mirrors hold; what was written is not written again.
      for (const sample of await propagation.list(followed)) written.set(sample.serial, sample);
      timer = setInterval(() => void look(), deps.interval);
      timer.unref();
    },
    async stop() {
      clearInterval(timer);
      await queue;
    },
    measurements: () => [
      measureOne(
        'signpost_propagation_mirrors',
        'Mirrors that hold the newest publication.',
        'gauge',
        () => serialsNow().filter((serial) => serial >= deps.treeSerial()).length,
      ),
      measureEach(
        'signpost_mirrors_behind',
        'Mirrors by how many publications they are behind.',
        'gauge',
        'publications',
        () => countBehind(serialsNow(), deps.treeSerial()),
      ),
    ],
  };
}

/** More mirrors than ever before, by a step or because it is all of them. */
function isNews(before: PropagationSample | undefined, now: PropagationSample): boolean {
  if (before === undefined) return true;
  const more = now.holding - before.holding;
  return more > 0 && (now.holding === now.mirrors || more >= now.mirrors * step);
}

function countBehind(serials: readonly number[], newest: number): [string, number][] {
  const counts = { '0': 0, '1': 0, '2-9': 0, '10+': 0, unknown: 0 };
  for (const serial of serials) counts[behindBy(serial, newest)] += 1;
  return Object.entries(counts);
}

function behindBy(serial: number, newest: number): '0' | '1' | '2-9' | '10+' | 'unknown' {
  if (serial === 0) return 'unknown';
  const behind = newest - serial;
  if (behind <= 0) return '0';
  if (behind === 1) return '1';
  return behind < 10 ? '2-9' : '10+';
}
