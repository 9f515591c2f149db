import { z } from 'zod';
import { statisticDimensions } from '../../../ports/statistics.ts';
import { serial, time } from './common.ts';

export const statisticsBy = z.enum(['day', ...statisticDimensions]).describe('What each sum is for.');
const count = z.int().min(0);

export const statisticsSchema = z
  .strictObject({
    by: statisticsBy,
    since: z.string().describe('The first day, in UTC.'),
    sums: z
      .array(
        z.strictObject({
          of: z
            .string()
            .describe(
              'The day, or the value that the sum is for. "other" sums up the values beyond the limit.',
            ),
          pulls: count,
          blobs: count,
          bytes: count,
        }),
      )
      .max(500),
  })
  .describe(
    'What was pulled (docs/monitoring.md says what counts as what). Addresses of clients are not stored.',
  );

export const propagationSchema = z
  .strictObject({
    samples: z.array(
      z.strictObject({
        serial,
        at: time,
        holding: count.describe('Mirrors that held this publication, or a later one.'),
        mirrors: count.describe('How many mirrors there were.'),
      }),
    ),
  })
  .describe('How publications spread over the mirrors: the newest publication first.');
