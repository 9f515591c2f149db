import { remoteLimit } from '../../adapters/admin-client/remote-records.ts';
import { createSystemClock } from '../../adapters/time/system-clock.ts';
import { quote } from '../../oci/digest.ts';
import { SignpostError } from '../../oci/errors.ts';
import type { StatisticDimension, StatisticSum } from '../../ports/statistics.ts';
import type { Config } from '../config/config-schema.ts';
import type { ServerOptions } from '../records/server-options.ts';
import { composeRemoteRecords } from '../records/remote-records.ts';
import { openStorage } from '../records/storage.ts';
import { formatDay } from '../../text/format-time.ts';

export type StatisticsBy = StatisticDimension | 'day';

interface Wish extends ServerOptions {
  readonly by: StatisticsBy;
  /** A day, or `30d`. */
  readonly since: string;
  readonly limit: number;
}

/** Sums of what was pulled, from the data that `readConfig` names, or from a server. */
export async function composeStatistics(
  options: Wish,
  readConfig: () => Config,
): Promise<readonly StatisticSum[]> {
  const { by, since, limit } = options;
  const clock = createSystemClock();
  const first = parseSince(since, clock.now());
  const remote = await composeRemoteRecords(options);
  if (remote !== undefined) {
    if (limit <= remoteLimit) return remote.statistics({ by, since: first, limit });
    throw new SignpostError('USAGE', `--limit is ${limit}: a server gives ${remoteLimit} rows at most`);
  }
  await using storage = await openStorage(readConfig(), clock);
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
