import { z } from 'zod';
import { time } from './common.ts';

const value = z.record(z.string(), z.unknown()).exactOptional();

export const auditPageSchema = z
  .strictObject({
    entries: z
      .array(
        z.strictObject({
          number: z.int().min(1),
          at: time,
          who: z.string(),
          action: z.string(),
          subject: z.string(),
          before: value.describe('What was there before, as far as it was changed.'),
          after: value.describe('What is there now, as far as it was changed.'),
        }),
      )
      .max(500),
    next: z
      .int()
      .exactOptional()
      .describe('The value of "before" for the next page, unless this one ends with the first entry of all.'),
  })
  .describe('Changes, the newest first.');
