import type { Command } from 'commander';
import { type CommonOptions, type Terminal, configOf, createVerb, printResult } from '../command.ts';
import { composeRequest } from '../compose/request.ts';
import { parseRepositoryName } from '../../oci/reference.ts';

interface RequestOptions extends CommonOptions {
  readonly output?: string;
  readonly repository?: readonly string[];
}

/** `signpost request`: writes what waits for a signature into one file. */
export function createCommand(terminal: Terminal): Command {
  return createVerb(
    'request',
    'Write everything that waits for a signature into one file, to carry to the signer.',
    [
      'signpost request -o monday.jsonl',
      'signpost request --repository fedora/base --repository fedora/toolbox',
    ],
  )
    .option('-o, --output <file>', 'file to write (default: signing-request-<serial>.jsonl)')
    .option('--repository <name...>', 'only these repositories')
    .action(async (options: RequestOptions) => {
      const wanted = options.repository?.map(parseRepositoryName);
      const { path, serial, images } = await composeRequest(
        configOf(options),
        options.output,
        (repository) => wanted?.includes(repository) ?? true,
      );
      const json = {
        file: path,
        serial,
        images: images.map(({ repository, tag, list }) => ({ repository, tag, list })),
      };
      printResult(terminal, options, json, [
        ...images.map(({ repository, tag, list }) => `${repository}:${tag}  ${list}`),
        `Request ${serial} for ${images.length} images is in ${path}.`,
        `Carry it to the signer: signpost sign ${path} --key <file>`,
      ]);
    });
}
