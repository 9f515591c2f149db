import type { Command } from 'commander';
import { type CommonOptions, type Terminal, createVerb, printResult } from '../terminal/command.ts';
import { configOf } from '../config/config-of.ts';
import { composeSnapshot } from './compose-snapshot.ts';
import { parseDuration } from '../terminal/duration.ts';
import { askSecret } from '../terminal/prompt.ts';

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
    'Make and seal the snapshot that front ends on other machines follow (docs/front-ends.md). Only what ' +
      'has changed is made anew.',
    [
      'signpost snapshot --key /etc/signpost/origin.pem',
      'signpost snapshot --key /etc/signpost/origin.pem --watch',
    ],
  )
    .requiredOption('--key <file>', 'private key in PEM (Ed25519 or ECDSA) that seals it')
    .option('--passphrase-file <file>', "file whose first line is that key's passphrase (default: ask)")
    .option('--watch', 'go on whenever something changes, until stopped')
    .option('--interval <time>', 'how often to look for changes', '2s')
    .action(async (options: SnapshotOptions) => {
      await composeSnapshot(configOf(options), {
        key: {
          path: options.key,
          passphraseFile: options.passphraseFile,
          ask: () =>
            askSecret(terminal, `Passphrase of ${options.key}`, 'name a file with --passphrase-file'),
        },
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
