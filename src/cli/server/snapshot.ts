import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { createFileSnapshotStore } from '../../adapters/front-end/file-snapshot-store.ts';
import { createJsonLog } from '../../adapters/output/json-log.ts';
import { createProcessLock } from '../../adapters/process/process-lock.ts';
import { createSystemClock } from '../../adapters/time/system-clock.ts';
import { formatMirrorsPart } from '../../server/front-end/mirrors-part.ts';
import { offerSnapshot } from '../../server/front-end/offer-snapshot.ts';
import type { OriginSnapshot } from '../../server/front-end/origin-snapshot.ts';
import { isSignpostError } from '../../oci/errors.ts';
import type { Storage } from '../../ports/storage.ts';
import { type CommonOptions, type Terminal, createVerb, printResult } from '../terminal/command.ts';
import { loadConfig } from '../config/config.ts';
import { parseDuration } from '../terminal/duration.ts';
import type { Config } from '../config/config-schema.ts';
import { type SealKeySource, openSealSigner, sealKeySource } from '../keys/seal-signer.ts';
import { foldersOf } from '../records/content.ts';
import { openStorage } from '../records/storage.ts';

interface SnapshotOptions extends CommonOptions {
  readonly key: string;
  readonly passphraseFile?: string;
  readonly watch?: boolean;
  readonly interval: string;
}

/** `signpost snapshot`: makes and seals what front ends follow. */
export function createCommand(terminal: Terminal): Command {
  return createVerb(
    'snapshot',
    'Write and seal the snapshot that front ends on other machines follow (docs/front-ends.md). Parts that have ' +
      'not changed are kept.',
    [
      'signpost snapshot --key /etc/signpost/origin.pem',
      'signpost snapshot --key /etc/signpost/origin.pem --watch',
    ],
  )
    .requiredOption('--key <file>', 'private key in PEM (Ed25519 or ECDSA) that seals the snapshot')
    .option(
      '--passphrase-file <file>',
      "file whose first line is that key's passphrase (default: ask for it)",
    )
    .option('--watch', 'keep running, and write a new snapshot whenever something has changed')
    .option('--interval <time>', 'polling interval with --watch', '2s')
    .action(async (options: SnapshotOptions) => {
      await composeSnapshot(loadConfig(options), {
        key: sealKeySource(terminal, options.key, options.passphraseFile, '--passphrase-file'),
        interval: options.watch === true ? parseDuration(options.interval, '--interval') : undefined,
        signal: terminal.signal,
        onOffer: (snapshot) =>
          printResult(terminal, options, { snapshot }, [
            snapshot === undefined
              ? 'Nothing has changed.'
              : `Snapshot ${snapshot.sequence} of publication ${snapshot.serial} is sealed.`,
          ]),
      });
    });
}

interface SnapshotSettings {
  readonly key: SealKeySource;
  /** Milliseconds between looks; undefined: once. */
  readonly interval: number | undefined;
  readonly signal: AbortSignal;
  /** Told of each snapshot, and once with undefined when there was nothing to do. */
  readonly onOffer: (snapshot: OriginSnapshot | undefined) => void;
}

/** Makes the snapshot for front ends, once or until it is stopped. */
async function composeSnapshot(config: Config, settings: SnapshotSettings): Promise<void> {
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
    store: createFileSnapshotStore(foldersOf(config).frontEnds),
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
