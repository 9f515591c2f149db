import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { SignpostError, isSignpostError } from '../../oci/errors.ts';
import { readSmallFile } from '../../adapters/files/small-file.ts';
import { markerLimit, parsePublicationMarker } from '../../tree/publication-marker.ts';
import { type CommonOptions, type Terminal, createVerb, printResult } from '../terminal/command.ts';
import { parseDuration } from '../terminal/duration.ts';
import { type ServerOptions, addServerOptions } from '../records/server-options.ts';
import { composeAdminClient } from '../records/admin-client.ts';

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
    'Tell a Mirror List that a mirror has synced, so that the mirror is probed at once and not at its next turn. For mirror ' +
      'administrators: run this after each sync, with the token from the operator.',
    [
      'signpost report uni-example --wait --server https://admin.example.org --token-file /etc/signpost-mirror.token',
      'signpost report uni-example --server https://admin.example.org --token-file /etc/signpost-mirror.token',
      'signpost report campus --tree /srv/images --server https://admin.example.org --token-file /etc/signpost-mirror.token',
    ],
  )
    .argument('<name>', 'the mirror')
    .option('--tree <folder>', 'report the publication that publication.json in this copy of the tree names')
    .option('--serial <number>', 'report this publication')
    .option(
      '--wait',
      'wait until the mirror has been probed. The exit status is 0 when it gets clients, 3 when it does not, and 5 when it was not probed in time',
    )
    .option('--timeout <time>', 'how long --wait waits (default: "2m")');
  return addServerOptions(command, 'URL of the management API of the Mirror List (required)').action(
    async (name: string, options: Options) => {
      const timeout = timeoutOf(options);
      const report = await composeReport(options);
      const answer = await report.send(name, await serialOf(options));
      if (options.wait === true) {
        const health = await report.wait(name, answer.at, timeout, terminal.signal);
        const found = describeCheck(health, answer.newest);
        printResult(terminal, options, { ...answer, health }, [`checked ${name}: ${found}`]);
        if (health.healthy !== true)
          throw new SignpostError('DENIED', `${name} is out: no clients are sent there`);
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

/** Milliseconds between looks at whether the check has run. */
const lookInterval = 500;

/** Tells a server that a mirror has synced, and waits for what the server finds. */
async function composeReport(options: ServerOptions) {
  const ask = await composeAdminClient(options);
  if (ask === undefined) throw new SignpostError('USAGE', '--server and --token-file are needed');
  const pathOf = (name: string, what: string) => `/mirrors/${encodeURIComponent(name)}/${what}`;
  return {
    async send(name: string, serial: number | undefined) {
      const body = serial === undefined ? {} : { serial };
      return (await ask({ method: 'POST', path: pathOf(name, 'report'), body })).body;
    },
    /**
     * The mirror's health after the check that a report of the time `at`, by the server's clock, has asked for.
     * @throws SignpostError UNAVAILABLE when there was none in `timeout` milliseconds; CANCELLED
     */
    async wait(name: string, at: unknown, timeout: number, signal: AbortSignal) {
      if (typeof at !== 'string') {
        throw new SignpostError(
          'UNAVAILABLE',
          'the server is too old for --wait: its answer does not say when it accepted the report',
        );
      }
      const end = performance.now() + timeout;
      for (;;) {
        const health = await healthOf(() => ask({ method: 'GET', path: pathOf(name, 'health') }));
        const { checkedAt } = health;
        if (typeof checkedAt === 'string' && Date.parse(checkedAt) >= Date.parse(at)) return health;
        if (performance.now() >= end) {
          throw new SignpostError(
            'UNAVAILABLE',
            `${name} was not probed in time, but the report was accepted: to wait again, run "signpost report ${name} --wait"`,
          );
        }
        await pause(signal);
      }
    },
  };
}

/** Nothing is known of a mirror that was added a moment ago. */
async function healthOf(
  ask: () => Promise<{ readonly body: Readonly<Record<string, unknown>> }>,
): Promise<Readonly<Record<string, unknown>>> {
  try {
    return (await ask()).body;
  } catch (error) {
    if (isSignpostError(error) && error.code === 'NOT_FOUND') return {};
    throw error;
  }
}

async function pause(signal: AbortSignal): Promise<void> {
  try {
    await sleep(lookInterval, undefined, { signal });
  } catch (cause) {
    throw new SignpostError('CANCELLED', 'stopped before the mirror was probed', { cause });
  }
}

/**
 * The serial that a copy of the tree is at.
 * @throws SignpostError NOT_FOUND, SOURCE_INVALID, STORAGE
 */
async function readTreeSerial(tree: string): Promise<number> {
  const file = join(tree, 'publication.json');
  const marker = parsePublicationMarker(await readSmallFile(file, markerLimit));
  if ('wrong' in marker) throw new SignpostError('SOURCE_INVALID', `${file}: ${marker.wrong}`);
  return marker.serial;
}
