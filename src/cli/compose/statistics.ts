import { createSystemClock } from '../../adapters/system-clock.ts';
import { quote } from '../../oci/digest.ts';
import { SignpostError } from '../../oci/errors.ts';
import type { StatisticDimension, StatisticSum } from '../../ports/statistics.ts';
import type { Config } from '../config-schema.ts';
import { openStorage } from './storage.ts';

export type StatisticsBy = StatisticDimension | 'day';

/** Sums of what was pulled. `since` is a day, or `30d`. */
export async function composeStatistics(
  config: Config,
  { by, since, limit }: { readonly by: StatisticsBy; readonly since: string; readonly limit: number },
): Promise<readonly StatisticSum[]> {
  const clock = createSystemClock();
  const first = parseSince(since, clock.now());
  await using storage = await openStorage(config, clock);
  // Each request has one kind of client, so that these make up all of a day.
  const grouping =
    by === 'day' ? ({ dimension: 'client', by } as const) : ({ dimension: by, by: 'value' } as const);
  return await storage.statistics.sum({ ...grouping, since: first, limit });
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

function formatDay(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}
