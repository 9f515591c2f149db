import type { Command } from 'commander';
import { SignpostError } from '../../oci/errors.ts';
import { type CommonOptions, type Terminal, createVerb, printResult } from '../command.ts';
import { composeReport, readTreeSerial } from '../compose/report.ts';
import { type ServerOptions, addServerOptions } from '../server-options.ts';

interface Options extends CommonOptions, ServerOptions {
  readonly serial?: string;
  readonly tree?: string;
}

/** `signpost report`: a mirror says that it has synced. */
export function createCommand(terminal: Terminal): Command {
  const command = createVerb(
    'report',
    'Tell a Mirror List that a mirror has synced, so that it is checked at once instead of at its next turn. For mirror ' +
      'administrators: run it after each sync, with the token that the operator gave you.',
    [
      'signpost report uni-example --server https://admin.example.org --token-file /etc/signpost-mirror.token',
      'signpost report campus --tree /srv/images --server https://admin.example.org --token-file /etc/signpost-mirror.token',
    ],
  )
    .argument('<name>', 'the mirror')
    .option('--tree <folder>', 'say which publication this copy of the tree is at, from its publication.json')
    .option('--serial <number>', 'say which publication it is at');
  return addServerOptions(command).action(async (name: string, options: Options) => {
    const report = await composeReport(options);
    const answer = await report(name, await serialOf(options));
    const then = answer.checked === true ? 'it is being checked' : 'it cannot be checked from there';
    printResult(terminal, options, answer, [
      `reported: ${then}; known to hold publications up to ${String(answer.serial)} of ${String(answer.newest)}`,
    ]);
  });
}

async function serialOf({ serial, tree }: Options): Promise<number | undefined> {
  if (serial !== undefined && tree !== undefined) {
    throw new SignpostError('USAGE', '--serial and --tree exclude each other');
  }
  if (tree !== undefined) return readTreeSerial(tree);
  if (serial === undefined) return undefined;
  if (/^\d{1,15}$/.test(serial)) return Number(serial);
  throw new SignpostError('USAGE', `--serial is "${serial.slice(0, 40)}": expected a whole number`);
}
