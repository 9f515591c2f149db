import { z } from 'zod';
import type { Clock } from '../../../ports/clock.ts';
import type { Propagation } from '../../../ports/propagation.ts';
import type { Statistics } from '../../../ports/statistics.ts';
import { type Route, defineRoute } from '../route.ts';
import { pageLimit } from '../schemas/common.ts';
import { propagationSchema, statisticsBy, statisticsSchema } from '../schemas/statistics.ts';
import { formatTime } from '../../../text/format-time.ts';

export interface StatisticsRoutesDeps {
  readonly statistics: Pick<Statistics, 'sum'>;
  readonly propagation: Pick<Propagation, 'list'>;
  readonly clock: Clock;
}

const roles = ['operator', 'publisher'] as const;
const usualDays = 30;
const serialsLimit = 50;

/** How much was pulled, and how far publications got. */
export function statisticsRoutes({ statistics, propagation, clock }: StatisticsRoutesDeps): readonly Route[] {
  return [
    defineRoute({
      id: 'getStatistics',
      method: 'get',
      path: '/statistics',
      summary: 'How much was pulled',
      roles,
      query: z.strictObject({
        by: statisticsBy.default('day'),
        since: z.iso.date().optional().describe(`The first day. Without it, ${usualDays} days ago.`),
        limit: pageLimit,
      }),
      answers: {
        200: { description: 'The sums, the newest or the greatest first.', schema: statisticsSchema },
      },
      async handle({ query: { by, since, limit } }) {
        const first = since ?? formatTime(clock.now() - usualDays * 86_400_000).slice(0, 10);
        // Each request has one kind of client, so that these make up all of a day.
        const grouping =
          by === 'day' ? ({ dimension: 'client', by } as const) : ({ dimension: by, by: 'value' } as const);
        const sums = await statistics.sum({ ...grouping, since: first, limit });
        return { status: 200, body: { by, since: first, sums } };
      },
    }),
    defineRoute({
      id: 'getPropagation',
      method: 'get',
      path: '/propagation',
      summary: 'How publications spread over the mirrors',
      roles,
      query: z.strictObject({
        serials: z.coerce
          .number()
          .int()
          .min(1)
          .max(serialsLimit)
          .default(10)
          .describe(`Of how many publications: 1 to ${serialsLimit}.`),
      }),
      answers: { 200: { description: 'The samples.', schema: propagationSchema } },
      async handle({ query: { serials } }) {
        const samples = await propagation.list(serials);
        return {
          status: 200,
          body: { samples: samples.map(({ at, ...rest }) => ({ ...rest, at: formatTime(at) })) },
        };
      },
    }),
  ];
}
