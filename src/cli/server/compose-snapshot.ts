import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createFileSnapshotStore } from '../../adapters/front-end/file-snapshot-store.ts';
import { createJsonLog } from '../../adapters/output/json-log.ts';
import { createProcessLock } from '../../adapters/process/process-lock.ts';
import { createSystemClock } from '../../adapters/time/system-clock.ts';
import { formatMirrorsPart } from '../../server/front-end/mirrors-part.ts';
import { offerSnapshot } from '../../server/front-end/offer-snapshot.ts';
import type { OriginSnapshot } from '../../server/front-end/origin-snapshot.ts';
import { isSignpostError } from '../../oci/errors.ts';
import type { Config } from '../config/config-schema.ts';
import { type SealKeySource, openSealSigner } from '../keys/seal-signer.ts';
import { snapshotFolder } from './compose-snapshot-folder.ts';
import { openStorage } from '../records/storage.ts';
import { type Storage } from '../../ports/storage.ts';

export interface SnapshotSettings {
  readonly key: SealKeySource;
  /** Milliseconds between looks; undefined: once. */
  readonly interval: number | undefined;
  readonly signal: AbortSignal;
  /** Told of each snapshot, and once with undefined when there was nothing to do. */
  readonly onOffer: (snapshot: OriginSnapshot | undefined) => void;
}

/** Makes the snapshot for front ends, once or until it is stopped. */
export async function composeSnapshot(config: Config, settings: SnapshotSettings): Promise<void> {
  const { interval, signal, onOffer } = settings;
  const clock = createSystemClock();
  const log = createJsonLog(config.log.level, clock);
  const signer = await openSealSigner(settings.key);
  await using _held = await createProcessLock(join(config.data, 'locks'), 'snapshot', clock).acquire(
    'snapshot',
  );
  await using storage = await openStorage(config, clock);
  const deps = {
    content: storage.publishedContent,
    mirrors: () => readMirrors(storage),
    store: createFileSnapshotStore(snapshotFolder(config)),
    signer,
    clock,
    log,
  };
  const first = await offerSnapshot(deps);
  onOffer(first);
  if (interval === undefined) return;
  while (await rest(interval, signal)) {
    try {
      const next = await offerSnapshot(deps);
      if (next !== undefined) onOffer(next);
    } catch (error) {
      if (!isSignpostError(error)) throw error;
      log.error('no snapshot for front ends: the old one stays', { error });
    }
  }
}

async function readMirrors({ mirrorRegistry, mirrorStates }: Storage): Promise<Uint8Array> {
  const states = await mirrorStates.load();
  return formatMirrorsPart(
    (await mirrorRegistry.list()).map((mirror) => {
      const state = states.get(mirror.id);
      if (state === undefined) return { mirror };
      const { healthy, since, serial, needs, reason } = state;
      return {
        mirror,
        health: { healthy, since, serial, needs, ...(reason === undefined ? {} : { reason }) },
      };
    }),
  );
}

/** Whether there is more to do. */
async function rest(milliseconds: number, signal: AbortSignal): Promise<boolean> {
  try {
    await sleep(milliseconds, undefined, { signal });
    return true;
  } catch {
    return false;
  }
}
