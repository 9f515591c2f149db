import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createEventLoopTurns } from '../../adapters/time/event-loop-turns.ts';
import { createFileTreeLists } from '../../adapters/tree/file-tree-lists.ts';
import { createFileSnapshotStore } from '../../adapters/front-end/file-snapshot-store.ts';
import { createHttpSnapshotSource } from '../../adapters/front-end/http-snapshot-source.ts';
import { readMirrorDescription } from '../../adapters/db/tables/mirror-description.ts';
import { createFollowedContent } from '../../server/front-end/followed-content.ts';
import {
  type OwnHealth,
  createFollowedHealth,
  createFollowedMirrors,
  createFollowedStates,
} from '../../server/front-end/followed-mirrors.ts';
import { createFollower } from '../../server/front-end/follow-origin.ts';
import type { Log } from '../../ports/log.ts';
import type { MirrorHistory } from '../../ports/mirror-history.ts';
import type { SnapshotWatcher } from '../../server/pull/snapshot-watcher.ts';
import type { Config } from '../config/config-schema.ts';
import type { ProxyOption } from '../terminal/proxy-option.ts';
import { composeProxies } from '../config/proxies.ts';
import { readSealKey } from '../trust/seal-key.ts';
import type { Storage } from '../../ports/storage.ts';
import { readTokenFile } from '../keys/token-file.ts';

/** What is different where another machine is the origin. */
export interface FrontEnd extends AsyncDisposable {
  /** In the place of what the database says at the origin. */
  readonly storage: Pick<Storage, 'publishedContent' | 'mirrorStates' | 'mirrorHistory'> & {
    readonly mirrorRegistry: Pick<Storage['mirrorRegistry'], 'list' | 'version'>;
  };
  healthAbove(own: OwnHealth): OwnHealth;
  /** Starts the watcher once something is known of the origin; until then pulls are answered with 503. */
  startWhenKnown(snapshots: Pick<SnapshotWatcher, 'start'>): Promise<void>;
}

/** Milliseconds of reading a snapshot after which pulls get their turn. */
const longestPiece = 2;
/** Milliseconds between tries to start from what is known. */
const startInterval = 1000;

/**
 * Follows the origin, when the configuration names one.
 * @throws SignpostError CONFIG_INVALID, NOT_FOUND, LIMIT_EXCEEDED
 */
export async function composeFrontEnd(
  config: Config,
  { log, tree, proxies }: { readonly log: Log; readonly tree: string; readonly proxies: ProxyOption },
): Promise<FrontEnd | undefined> {
  const { origin } = config;
  if (origin === undefined) return undefined;
  const stopping = new AbortController();
  const { signal } = stopping;
  const { timeout, certificateAuthorities, interval } = origin;
  const token = origin.tokenFile === undefined ? undefined : await readTokenFile(origin.tokenFile);
  const source = await createHttpSnapshotSource({
    url: new URL(origin.url),
    token,
    certificateAuthorities,
    timeout,
    chooseProxy: composeProxies(proxies),
  });
  const lists = createFileTreeLists(tree);
  const follower = createFollower({
    source,
    store: createFileSnapshotStore(join(config.data, 'followed')),
    spare: createFileSnapshotStore(join(config.data, 'followed-spare')),
    key: await readSealKey(origin.key),
    treeSerial: async () => (await lists.readMarker())?.serial ?? 0,
    readMirror: readMirrorDescription,
    log,
    pause: createEventLoopTurns(longestPiece),
  });
  await follower.restore();
  await follower.refresh(signal);
  const running = [repeat(interval, signal, () => follower.refresh(signal))];

  return {
    storage: {
      publishedContent: createFollowedContent(follower, signal),
      mirrorRegistry: createFollowedMirrors(follower),
      mirrorStates: createFollowedStates(follower),
      mirrorHistory: noHistory,
    },
    healthAbove: (own) => createFollowedHealth(own, follower),
    async startWhenKnown(snapshots) {
      const start = async () => {
        if (follower.current() === undefined) return false;
        try {
          await snapshots.start();
          return true;
        } catch (error) {
          log.error('what is known of the origin cannot be used yet', { error });
          return false;
        }
      };
      if (await start()) return;
      log.warn('nothing is known of the origin yet: pulls are answered with 503', { origin: origin.url });
      running.push(repeatUntil(startInterval, signal, start));
    },
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await Promise.allSettled(running);
      source[Symbol.dispose]();
    },
  };
}

/** It is kept at the origin. */
const noHistory: MirrorHistory = {
  add: () => Promise.resolve(),
  list: () => Promise.resolve([]),
  prune: () => Promise.resolve(),
};

function repeat(milliseconds: number, signal: AbortSignal, work: () => Promise<void>): Promise<void> {
  return repeatUntil(milliseconds, signal, async () => {
    await work();
    return false;
  });
}

async function repeatUntil(
  milliseconds: number,
  signal: AbortSignal,
  work: () => Promise<boolean>,
): Promise<void> {
  for (;;) {
    try {
      await sleep(milliseconds, undefined, { signal, ref: false });
    } catch {
      return;
    }
    if (await work()) return;
  }
}
