import { type Command, InvalidArgumentError, Option } from 'commander';
import { type StatisticDimension, statisticDimensions } from '../../ports/statistics.ts';
import { createSystemClock } from '../../adapters/time/system-clock.ts';
import { quote } from '../../oci/digest.ts';
import { SignpostError } from '../../oci/errors.ts';
import { type CommonOptions, type Terminal, createVerb, printResult } from '../terminal/command.ts';
import { openRecords } from '../records/records.ts';
import { formatDay } from '../../text/format-time.ts';
import { type ServerOptions, addServerOptions } from '../records/server-options.ts';
import { formatTable } from '../../text/format-table.ts';

type StatisticsBy = StatisticDimension | 'day';

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
      'in UTC. Addresses of clients are not stored.',
    [
      'signpost statistics',
      'signpost statistics --by repository --since 7d',
      'signpost statistics --by country --since 2026-01-01 --limit 300 --json',
      'signpost statistics --by mirror --server https://admin.example.org --token-file ~/.signpost-token',
    ],
  );
  return addServerOptions(command)
    .addOption(
      new Option('--by <what>', 'what each row of the table stands for')
        .choices(['day', ...statisticDimensions])
        .default('day'),
    )
    .option('--since <when>', 'first day to count: a date, or a number of days ago such as "7d"', '30d')
    .option('--limit <number>', 'show at most this many rows', parseLimit, 50)
    .action(async (options: Options) => {
      const { by, limit } = options;
      const since = parseSince(options.since, createSystemClock().now());
      await using records = await openRecords(options);
      const sums = await records.statistics({ by, since, limit });
      printResult(
        terminal,
        options,
        sums.map(({ of, ...counts }) => ({ [by]: of, ...counts })),
        sums.length === 0
          ? ['Nothing was counted.']
          : formatTable([
              [by, ...countsOf(by)].map((title) => title.toUpperCase()),
              ...sums.map((sum) => [sum.of, ...countsOf(by).map((count) => String(sum[count]))]),
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

function parseSince(text: string, now: number): string {
  const days = /^([0-9]{1,4})d$/.exec(text)?.[1];
  if (days !== undefined) return formatDay(now - Number(days) * 86_400_000);
  const time = /^[0-9]{4}-[0-9]{2}-[0-9]{2}$/.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(time) && formatDay(time) === text) return text;
  throw new SignpostError(
    'USAGE',
    `--since is ${quote(text)}: expected a day such as "2026-01-31", or so many days ago such as "30d"`,
  );
}
