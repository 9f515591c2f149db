import { z } from 'zod';
import { serial, time } from './common.ts';

export const reportSchema = z
  .strictObject({
    serial: serial
      .exactOptional()
      .describe('The publication that the mirror holds, as its publication.json says.'),
  })
  .describe('What a mirror says after it has synced.');

export const reportAnswerSchema = z
  .strictObject({
    at: time.describe(
      'When the report was taken: the probe that answers it has "checkedAt" in the health of the mirror at or after this.',
    ),
    checked: z
      .boolean()
      .describe(
        'Whether the mirror is being probed now. A mirror that cannot be reached from outside is not.',
      ),
    serial: serial.describe(
      'The newest publication that the mirror is known to hold, until the probe has found more.',
    ),
    newest: serial.describe('The newest publication.'),
  })
  .describe('The result of a report. A report is not believed where it can be checked.');

export const webhookSecretSchema = z
  .strictObject({ secret: z.string().describe('The key of the HMAC-SHA256, as text.') })
  .describe("What signs the messages to a mirror's own webhook.");
