import { z } from 'zod';

/** Bounds and forms that the schemas share. What a value must be exactly is for its parser to say. */
export const text = (limit: number) => z.string().max(limit);
export const time = z.iso.datetime().describe('RFC 3339, in UTC.');
export const serial = z.int().min(0);
export const pageLimit = z.coerce
  .number()
  .int()
  .min(1)
  .max(500)
  .default(100)
  .describe('How many at most: 1 to 500.');
