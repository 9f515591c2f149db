import { z } from 'zod';

/** RFC 9457, section 3.1. The type is always `about:blank`, which the RFC lets be left out. */
export const problemSchema = z
  .strictObject({
    title: z.string().describe('The name of the status.'),
    status: z.int().min(400).max(599),
    detail: z.string().describe('For people: what was wrong, where, and what to do.'),
    code: z.string().exactOptional().describe('The error code of the command line, where there is one.'),
  })
  .describe('An error (RFC 9457).');

export type Problem = z.output<typeof problemSchema>;
