import { isDeepStrictEqual } from 'node:util';
import type { Mirror, MirrorId } from '../../mirrors/mirror.ts';
import type { MirrorState } from '../../mirrors/mirror-state.ts';
import { type MirrorTable, compileMirrors, withStates } from '../../mirrors/mirror-table.ts';
import { inPieces } from '../../parallel/in-pieces.ts';
import type { Log } from '../../ports/log.ts';
import type { MirrorRegistry } from '../../ports/mirror-registry.ts';

/** Who knows how the mirrors are, and must be told which there are. */
export interface MirrorHealthSource {
  states(): ReadonlyMap<MirrorId, MirrorState>;
  setMirrors(mirrors: readonly Mirror[]): void;
  onChange(callback: () => void): void;
}

export interface MirrorWatcher {
  /** The newest table. */
  current(): MirrorTable;
  /** Looks for a change of the registry now. It never rejects: the old table stays. */
  refresh(): Promise<void>;
  /** Ends watching; a look under way is waited for. */
  stop(): Promise<void>;
}

/**
 * Keeps the mirror table up to date with the registry, which is polled, and with the mirrors' health. Each change makes
 * a new table, swapped in by one assignment.
 * @param interval milliseconds between polls
 * @throws SignpostError STORAGE when the mirrors cannot be read at first
 */
export async function watchMirrors(deps: {
  readonly registry: Pick<MirrorRegistry, 'list' | 'version'>;
  readonly health: MirrorHealthSource;
  readonly log: Log;
  /** Gives the event loop its turn. */
  readonly pause: () => Promise<void>;
  readonly interval: number;
  /** The part, from 0 to 1, of all requests that one mirror may take. It may change while this runs. */
  readonly maxShare: () => number;
}): Promise<MirrorWatcher> {
  const { registry, health, log, pause } = deps;
  let seen = await registry.version();
  let mirrors = await registry.list();
  let running: Promise<void> | undefined;
  health.setMirrors(mirrors);
  let maxShare = deps.maxShare();
  const compile = async () => {
    const compiled = await inPieces(compileMirrors(mirrors, maxShare), pause);
    // States may have changed meanwhile.
    return withStates(compiled, health.states());
  };
  let table = await compile();
  health.onChange(() => {
    table = withStates(table, health.states());
  });

  const check = async () => {
    if (maxShare !== deps.maxShare()) {
      maxShare = deps.maxShare();
      table = await compile();
    }
    const version = await registry.version();
    if (version === seen) return;
    const list = await registry.list();
    seen = version;
    // The version moves with every commit to the database.
    if (sameMirrors(list, mirrors)) return;
    mirrors = list;
    health.setMirrors(mirrors);
    table = await compile();
    log.info('mirrors changed', { mirrors: mirrors.length });
  };
  const refresh = async () => {
    running ??= check().finally(() => {
      running = undefined;
    });
    try {
      await running;
    } catch (error) {
      log.error('mirrors not read: the old ones stay', { error });
    }
  };
  const timer = setInterval(() => void refresh(), deps.interval);
  timer.unref();
  return {
    current: () => table,
    refresh,
    async stop() {
      clearInterval(timer);
      await running?.catch(() => undefined);
    },
  };
}

/** Most are the very same objects: only those that are not have to be compared. */
function sameMirrors(some: readonly Mirror[], others: readonly Mirror[]): boolean {
  if (some.length !== others.length) return false;
  return some.every((mirror, at) => mirror === others[at] || isDeepStrictEqual(mirror, others[at]));
}
