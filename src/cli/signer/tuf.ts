import { Command } from 'commander';
import { SignpostError } from '../../oci/errors.ts';
import { type CommonOptions, type Terminal, createVerb, printResult } from '../terminal/command.ts';
import { loadConfig } from '../config/config.ts';
import { composeDraft, composeFinishedRoot, composeRootSignature } from './compose-root-ceremony.ts';
import { composeTufTimestamp } from '../trust/tuf-timestamp.ts';
import { parseDuration } from '../terminal/duration.ts';
import { askSecret, confirm } from '../terminal/prompt.ts';

/** `signpost tuf`: the root of TUF metadata, and its timestamp. */
export function createCommand(terminal: Terminal): Command {
  const root = new Command('root')
    .description(
      'Make a root in a ceremony: its draft is a file that the holders of the root keys sign one after the other.',
    )
    .addHelpText('after', '\nExamples:\n  $ signpost tuf root sign root-draft.json --key ann.pem')
    .addCommand(createDraft(terminal))
    .addCommand(createSign(terminal))
    .addCommand(createFinish(terminal));
  return new Command('tuf')
    .description('Manage the root of TUF metadata, and renew its timestamp (docs/tuf.md).')
    .addHelpText('after', '\nExamples:\n  $ signpost tuf timestamp')
    .addCommand(root)
    .addCommand(createTimestamp(terminal));
}

interface DraftOptions extends CommonOptions {
  readonly root: readonly string[];
  readonly threshold: string;
  readonly targets: readonly string[];
  readonly snapshot: readonly string[];
  readonly timestamp: readonly string[];
  readonly previous?: string;
  readonly expires: string;
  readonly output: string;
}

function createDraft(terminal: Terminal): Command {
  return createVerb('create', 'Write the draft of a root. This needs only public keys.', [
    'signpost tuf root create --root ann.pub bob.pub eve.pub --threshold 2 --targets t.pub --snapshot s.pub --timestamp i.pub',
    'signpost tuf root create --previous 1.root.json --root ann.pub bob.pub joe.pub --threshold 2 --targets t.pub --snapshot s.pub --timestamp i.pub',
  ])
    .requiredOption('--root <file...>', 'public keys of the root role, in PEM')
    .option('--threshold <number>', 'how many of the root keys must sign', '1')
    .requiredOption('--targets <file...>', 'public keys of the targets role, in PEM')
    .requiredOption('--snapshot <file...>', 'public keys of the snapshot role')
    .requiredOption('--timestamp <file...>', 'public keys of the timestamp role')
    .option('--previous <file>', 'file with the root that the new one replaces')
    .option('--expires <time>', 'how long the root is valid', '365d')
    .option('-o, --output <file>', 'draft to write', 'root-draft.json')
    .action(async (options: DraftOptions) => {
      const life = parseDuration(options.expires, '--expires');
      const threshold = parseThreshold(options.threshold);
      const lines = await composeDraft(options.previous, { ...options, threshold }, life, options.output);
      printResult(terminal, options, { file: options.output }, [
        ...lines,
        `The draft is in ${options.output}. Each holder of a root key signs it: signpost tuf root sign ${options.output} --key <key>`,
      ]);
    });
}

interface SignOptions extends CommonOptions {
  readonly key: string;
  readonly passphraseFile?: string;
  readonly output?: string;
  readonly yes?: boolean;
}

function createSign(terminal: Terminal): Command {
  return createVerb('sign', 'Add a signature to the draft of a root.', [
    'signpost tuf root sign root-draft.json --key ann.pem',
    'signpost tuf root sign root-draft.json --key "pkcs11:token=ann;id=%01?module-path=/usr/lib/softhsm/libsofthsm2.so" -o root-draft-ann.json',
  ])
    .argument(
      '<draft>',
      'file that "signpost tuf root create" wrote, or a copy of it that others have signed',
    )
    .requiredOption('--key <key>', 'the root key: a PEM file, a "pkcs11:" URI, or "command:" and a file')
    .option(
      '--passphrase-file <file>',
      "file whose first line is the key's passphrase or PIN (default: ask for it)",
    )
    .option('-o, --output <file>', 'signed copy to write (default: the draft itself)')
    .option('--yes', 'do not ask for confirmation')
    .action(async (draft: string, options: SignOptions) => {
      const { key: name, passphraseFile, output = draft } = options;
      const ask = () => askSecret(terminal, `Passphrase of ${name}`, 'name a file with --passphrase-file');
      const lines = await composeRootSignature(
        draft,
        { name, passphraseFile, ask },
        output,
        async (shown) => {
          if (options.yes === true) return true;
          terminal.stderr.write(shown.map((line) => `${line}\n`).join(''));
          return confirm(terminal, 'Sign this root?', 'add --yes to sign without asking');
        },
      );
      printResult(terminal, options, { file: output }, [...lines, `The signed copy is ${output}.`]);
    });
}

function createFinish(terminal: Terminal): Command {
  return createVerb(
    'finish',
    'Combine the signed copies into a root, and check that enough keys have signed.',
    [
      'signpost tuf root finish root-draft-ann.json root-draft-bob.json',
      'signpost tuf root finish root-draft.json --previous 1.root.json',
    ],
  )
    .argument('<drafts...>', 'the signed copies of the draft')
    .option('--previous <file>', 'file with the root that the new one replaces')
    .option('-o, --output <file>', 'root to write (default: <version>.root.json)')
    .action(async (drafts: string[], options: CommonOptions & { previous?: string; output?: string }) => {
      const { path, lines } = await composeFinishedRoot(options.previous, drafts, options.output);
      printResult(terminal, options, { file: path }, [...lines, `The root is in ${path}.`]);
    });
}

function createTimestamp(terminal: Terminal): Command {
  return createVerb(
    'timestamp',
    'Renew the timestamp with the key at the origin, so that clients continue to accept the newest state.',
    ['signpost tuf timestamp'],
  ).action(async (options: CommonOptions) => {
    const expires = new Date(await composeTufTimestamp(loadConfig(options))).toISOString();
    printResult(terminal, options, { expires }, [`The TUF metadata is valid until ${expires}.`]);
  });
}

function parseThreshold(text: string): number {
  const number = /^[1-9][0-9]?$/.test(text) ? Number(text) : 0;
  if (number > 0) return number;
  throw new SignpostError('USAGE', `--threshold is "${text.slice(0, 20)}": expected a number of keys`);
}
