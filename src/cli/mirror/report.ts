import type { Command } from 'commander';
import { SignpostError } from '../../oci/errors.ts';
import { type CommonOptions, type Terminal, createVerb, printResult } from '../terminal/command.ts';
import { composeReport, readTreeSerial } from './compose-report.ts';
import { parseDuration } from '../terminal/duration.ts';
import { type ServerOptions, addServerOptions } from '../records/server-options.ts';

interface Options extends CommonOptions, ServerOptions {
  readonly serial?: string;
  readonly tree?: string;
  readonly wait?: boolean;
  readonly timeout?: string;
}

/** `signpost report`: a mirror says that it has synced. */
export function createCommand(terminal: Terminal): Command {
  const command = createVerb(
    'report',
    'Tell a Mirror List that a mirror has synced, so that it is checked at once instead of at its next turn. For mirror ' +
      'administrators: run it after each sync, with the token that the operator gave you.',
    [
      'signpost report uni-example --wait --server https://admin.example.org --token-file /etc/signpost-mirror.token',
      'signpost report uni-example --server https://admin.example.org --token-file /etc/signpost-mirror.token',
      'signpost report campus --tree /srv/images --server https://admin.example.org --token-file /etc/signpost-mirror.token',
    ],
  )
    .argument('<name>', 'the mirror')
    .option('--tree <folder>', 'say which publication this copy of the tree is at, from its publication.json')
    .option('--serial <number>', 'say which publication it is at')
    .option(
      '--wait',
      'wait until the mirror has been checked, and say whether clients are sent there: exit status 0 when they are, 3 when they are not, 5 when it was not checked in time',
    )
    .option('--timeout <time>', 'how long --wait waits at most (default: "2m")');
  return addServerOptions(command, 'the management API of the Mirror List; needed').action(
    async (name: string, options: Options) => {
      const timeout = timeoutOf(options);
      const report = await composeReport(options);
      const answer = await report.send(name, await serialOf(options));
      if (options.wait === true) {
        const health = await report.wait(name, answer.at, timeout, terminal.signal);
        const found = describeCheck(health, answer.newest);
        printResult(terminal, options, { ...answer, health }, [`checked ${name}: ${found}`]);
        if (health.healthy !== true)
          throw new SignpostError('DENIED', `${name} is out: nobody is sent there`);
        return;
      }
      const then = answer.checked === true ? 'it is being checked' : 'it cannot be checked from there';
      printResult(terminal, options, answer, [
        `reported: ${then}; known to hold publications up to ${String(answer.serial)} of ${String(answer.newest)}`,
      ]);
    },
  );
}

function timeoutOf({ wait, timeout }: Options): number {
  if (timeout !== undefined && wait !== true) throw new SignpostError('USAGE', '--timeout goes with --wait');
  return parseDuration(timeout ?? '2m', '--timeout');
}

function describeCheck(health: Readonly<Record<string, unknown>>, newest: unknown): string {
  const { healthy, reason, serial, warning } = health;
  if (healthy !== true) return `out: ${String(reason)}`;
  const holds = `in, holds publications up to ${String(serial)} of ${String(newest)}`;
  return typeof warning === 'string' ? `${holds}; ${warning}` : holds;
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
