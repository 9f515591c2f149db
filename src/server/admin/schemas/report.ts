import { z } from 'zod';
import { serial, time } from './common.ts';

export const reportSchema = z
  .strictObject({
    serial: serial.exactOptional().describe('What the mirror says it holds: its publication.json says it.'),
  })
  .describe('What a mirror says after it has synced.');

export const reportAnswerSchema = z
  .strictObject({
    at: time.describe(
      'When the report was taken: the probe that answers it has "checkedAt" in the health of the mirror at or after this.',
    ),
    checked: z
      .boolean()
      .describe('Whether the mirror is being probed now. One that cannot be reached from outside is not.'),
    serial: serial.describe('What is known that it holds, until the probe says otherwise.'),
    newest: serial.describe('The newest publication.'),
  })
  .describe('What comes of a report. It is never believed where it can be checked.');

export const webhookSecretSchema = z
  .strictObject({ secret: z.string().describe('The key of the HMAC-SHA256, as text.') })
  .describe("What signs the messages to a mirror's own webhook.");
