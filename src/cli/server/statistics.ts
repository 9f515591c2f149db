import { type Command, InvalidArgumentError, Option } from 'commander';
import { statisticDimensions } from '../../ports/statistics.ts';
import { type CommonOptions, type Terminal, createVerb, printResult } from '../terminal/command.ts';
import { configOf } from '../config/config-of.ts';
import { type StatisticsBy, composeStatistics } from './compose-statistics.ts';
import { type ServerOptions, addServerOptions } from '../records/server-options.ts';
import { formatTable } from '../../text/format-table.ts';

interface Options extends CommonOptions, ServerOptions {
  readonly by: StatisticsBy;
  readonly since: string;
  readonly limit: number;
}

/** `signpost statistics`: what was pulled. */
export function createCommand(terminal: Terminal): Command {
  const command = createVerb(
    'statistics',
    'Show how much was pulled, by day, repository, tag, country, autonomous system, mirror or kind of client. Days are ' +
      'those of UTC. No address is ever kept.',
    [
      'signpost statistics',
      'signpost statistics --by repository --since 7d',
      'signpost statistics --by country --since 2026-01-01 --limit 300 --json',
      'signpost statistics --by mirror --server https://admin.example.org --token-file ~/.signpost-token',
    ],
  );
  return addServerOptions(command)
    .addOption(
      new Option('--by <what>', 'what to sum by').choices(['day', ...statisticDimensions]).default('day'),
    )
    .option('--since <when>', 'the first day, as a date or so many days ago', '30d')
    .option('--limit <number>', 'rows at most', parseLimit, 50)
    .action(async (options: Options) => {
      const sums = await composeStatistics(options, () => configOf(options));
      printResult(
        terminal,
        options,
        sums.map(({ of, ...counts }) => ({ [options.by]: of, ...counts })),
        sums.length === 0
          ? ['Nothing was counted.']
          : formatTable([
              [options.by, ...countsOf(options.by)].map((title) => title.toUpperCase()),
              ...sums.map((sum) => [sum.of, ...countsOf(options.by).map((count) => String(sum[count]))]),
            ]),
      );
    });
}

/** A mirror sends blobs and is pulled from by nobody; what a tag was pulled for is counted elsewhere. */
function countsOf(by: StatisticsBy): readonly ('pulls' | 'blobs' | 'bytes')[] {
  if (by === 'mirror') return ['blobs', 'bytes'];
  return by === 'tag' ? ['pulls'] : ['pulls', 'blobs', 'bytes'];
}

function parseLimit(text: string): number {
  const limit = /^[0-9]{1,6}$/.test(text) ? Number(text) : 0;
  if (limit > 0 && limit <= 100_000) return limit;
  throw new InvalidArgumentError('expected a number from 1 to 100000.');
}
