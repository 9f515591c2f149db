import type { Command } from 'commander';
import { type CommonOptions, type Terminal, createVerb, printResult } from '../terminal/command.ts';
import { loadCheckedConfig } from '../checks/checked-config.ts';
import { composeRequest } from './compose-request.ts';
import type { SealKeySource } from '../keys/seal-signer.ts';
import { sealKeySource } from '../keys/seal-key-source.ts';
import { parseRepositoryName } from '../../oci/reference.ts';
import { plural } from '../terminal/plural.ts';

interface RequestOptions extends CommonOptions {
  readonly output?: string;
  readonly repository?: readonly string[];
  readonly requesterKey?: string;
  readonly requesterPassphraseFile?: string;
}

/** `signpost request`: writes what waits for a signature into one file. */
export function createCommand(terminal: Terminal): Command {
  return createVerb(
    'request',
    'Write everything that waits for a signature into one file, to carry to the signer.',
    [
      'signpost request -o monday.request',
      'signpost request --repository fedora/base --repository fedora/toolbox',
      'signpost request --requester-key /etc/signpost/requester.pem',
    ],
  )
    .option('-o, --output <file>', 'file to write (default: signing-request-<serial>.request)')
    .option('--repository <name...>', 'only these repositories')
    .option('--requester-key <file>', 'private key in PEM (Ed25519 or ECDSA) that vouches for the request')
    .option(
      '--requester-passphrase-file <file>',
      "file whose first line is that key's passphrase (default: ask)",
    )
    .action(async (options: RequestOptions) => {
      const wanted = options.repository?.map(parseRepositoryName);
      const { path, serial, images } = await composeRequest(
        await loadCheckedConfig(options, 'publishing'),
        options.output,
        (repository) => wanted?.includes(repository) ?? true,
        requesterKey(terminal, options),
      );
      const json = {
        file: path,
        serial,
        images: images.map(({ repository, tag, list }) => ({ repository, tag, list })),
      };
      printResult(terminal, options, json, [
        ...images.map(({ repository, tag, list }) => `${repository}:${tag}  ${list}`),
        `Request ${serial} for ${plural(images.length, 'image')} is in ${path}.`,
        `Carry it to the signer: signpost sign ${path} --key <file>`,
      ]);
    });
}

function requesterKey(terminal: Terminal, options: RequestOptions): SealKeySource | undefined {
  const { requesterKey: path, requesterPassphraseFile: passphraseFile } = options;
  return path === undefined
    ? undefined
    : sealKeySource(terminal, path, passphraseFile, '--requester-passphrase-file');
}
