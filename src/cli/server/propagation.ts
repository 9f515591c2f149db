import { type Command, InvalidArgumentError } from 'commander';
import { type Spread, summarise } from '../../server/probe/summarise-propagation.ts';
import { type CommonOptions, type Terminal, createVerb, printResult } from '../terminal/command.ts';
import { openRecords } from '../records/records.ts';
import { type ServerOptions, addServerOptions } from '../records/server-options.ts';
import { formatTable } from '../../text/format-table.ts';
import { formatTime } from '../../text/format-time.ts';

interface Options extends CommonOptions, ServerOptions {
  readonly limit: number;
}

/** `signpost propagation`: how publications spread over the mirrors. */
export function createCommand(terminal: Terminal): Command {
  const command = createVerb(
    'propagation',
    'Show how many mirrors hold each publication, and how long it took until half, nine tenths and all of them did.',
    [
      'signpost propagation',
      'signpost propagation --limit 100 --json',
      'signpost propagation --server https://admin.example.org --token-file ~/.signpost-token',
    ],
  );
  return addServerOptions(command)
    .option('--limit <number>', 'how many publications to show, the newest first', parseLimit, 20)
    .action(async (options: Options) => {
      await using records = await openRecords(options);
      const spreads = summarise(await records.propagation(options.limit));
      printResult(
        terminal,
        options,
        spreads.map(({ serial, samples: own, half, most, all }) => ({
          serial,
          secondsToHalf: seconds(half),
          secondsToMost: seconds(most),
          secondsToAll: seconds(all),
          samples: own.map(({ at, holding, mirrors }) => ({ at: formatTime(at), holding, mirrors })),
        })),
        spreads.length === 0
          ? ['Nothing was recorded: "signpost serve" records it, once something is published.']
          : formatTable([
              ['PUBLICATION', 'FIRST SEEN', 'HALF AFTER', 'NINE TENTHS', 'ALL', 'MIRRORS'],
              ...spreads.map(toRow),
            ]),
      );
    });
}

function toRow({ serial, samples, half, most, all }: Spread): readonly string[] {
  const last = samples.at(-1);
  return [
    String(serial),
    formatTime(samples[0]?.at ?? 0),
    ...[half, most, all].map(formatSpan),
    last === undefined ? '' : `${last.holding} of ${last.mirrors}`,
  ];
}

function seconds(milliseconds: number | undefined): number | null {
  return milliseconds === undefined ? null : Math.round(milliseconds / 1000);
}

function formatSpan(milliseconds: number | undefined): string {
  if (milliseconds === undefined) return '-';
  const minutes = milliseconds / 60_000;
  if (minutes < 2) return `${Math.round(milliseconds / 1000)} s`;
  return minutes < 120 ? `${Math.round(minutes)} min` : `${Math.round(minutes / 60)} h`;
}

function parseLimit(text: string): number {
  const limit = /^[0-9]{1,4}$/.test(text) ? Number(text) : 0;
  if (limit > 0 && limit <= 2000) return limit;
  throw new InvalidArgumentError('expected a number from 1 to 2000.');
}
