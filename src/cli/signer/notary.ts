import { Command } from 'commander';
import { SignpostError } from '../../oci/errors.ts';
import { type CommonOptions, type Terminal, createVerb, printResult } from '../terminal/command.ts';
import { composeNotaryRoot } from './compose-root-ceremony.ts';
import { parseDuration } from '../terminal/duration.ts';
import { askSecret } from '../terminal/prompt.ts';

/** `signpost notary`: the root of Notary v1 metadata. */
export function createCommand(terminal: Terminal): Command {
  return new Command('notary')
    .description('Make the root of Notary v1 metadata, for notary and docker trust (docs/tuf.md).')
    .addHelpText(
      'after',
      '\nExamples:\n  $ signpost notary root --key root.pem --certificate root.crt --targets t.pub --snapshot s.pub --timestamp i.pub',
    )
    .addCommand(createRoot(terminal));
}

interface RootOptions extends CommonOptions {
  readonly key: string;
  readonly certificate: string;
  readonly passphraseFile?: string;
  readonly previous?: string;
  readonly previousKey?: string;
  readonly previousCertificate?: string;
  readonly targets: string;
  readonly snapshot: string;
  readonly timestamp: string;
  readonly expires: string;
  readonly output?: string;
}

function createRoot(terminal: Terminal): Command {
  return createVerb('root', 'Make a root for the repositories that its certificate names.', [
    'signpost notary root --key root.pem --certificate root.crt --targets t.pub --snapshot s.pub --timestamp i.pub',
    'signpost notary root --key new.pem --certificate new.crt --previous 1.root.json --previous-key root.pem --previous-certificate root.crt --targets t.pub --snapshot s.pub --timestamp i.pub',
  ])
    .requiredOption('--key <key>', 'the root key: a PEM file, a "pkcs11:" URI, or "command:" and a file')
    .requiredOption(
      '--certificate <file>',
      'certificate of the root key, in PEM. Its common name is <host>/<repository>, or a prefix and "*"',
    )
    .option(
      '--passphrase-file <file>',
      "file whose first line is the key's passphrase or PIN (default: ask for it)",
    )
    .option('--previous <file>', 'file with the root that the new one replaces')
    .option('--previous-key <key>', 'the root key of the previous root, if that was a different one')
    .option('--previous-certificate <file>', 'certificate of the previous root key, in PEM')
    .requiredOption('--targets <file>', 'public key of the targets role, in PEM')
    .requiredOption('--snapshot <file>', 'public key of the snapshot role')
    .requiredOption('--timestamp <file>', 'public key of the timestamp role')
    .option('--expires <time>', 'how long the root is valid', '3650d')
    .option('-o, --output <file>', 'root to write (default: <version>.root.json)')
    .action(async (options: RootOptions) => {
      const { previousKey, previousCertificate, passphraseFile } = options;
      if ((previousKey === undefined) !== (previousCertificate === undefined)) {
        throw new SignpostError('USAGE', '--previous-key and --previous-certificate go together: name both');
      }
      const source = (name: string, chain: string | undefined) => ({
        name,
        passphraseFile,
        chain,
        ask: () => askSecret(terminal, `Passphrase of ${name}`, 'name a file with --passphrase-file'),
      });
      const { path } = await composeNotaryRoot({
        previous: options.previous,
        key: source(options.key, options.certificate),
        previousKey: previousKey === undefined ? undefined : source(previousKey, previousCertificate),
        targets: options.targets,
        snapshot: options.snapshot,
        timestamp: options.timestamp,
        life: parseDuration(options.expires, '--expires'),
        output: options.output,
      });
      printResult(terminal, options, { file: path }, [`The root is in ${path}.`]);
    });
}
