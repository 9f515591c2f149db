import { z } from 'zod';
import { metadataFormats } from '../../trust/metadata-file.ts';
import { signatureFormats } from '../../trust/signature-format.ts';

/** Every setting of a signer's policy file, for `signpost signer watch --policy`. docs/signing.md describes them. */

const text = (limit = 255) => z.string().min(1).max(limit);
const name = text(64).regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, {
  error: 'expected a name of letters and digits',
});
const pattern = text();
const platform = text(80).regex(/^[a-z0-9]+\/[a-z0-9_.-]+(?:\/[a-z0-9_.-]+)?$/i, {
  error: 'expected a platform such as "linux/amd64" or "linux/arm64/v8"',
});

const days = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'] as const;

const timeOfDay = z
  .string()
  .regex(/^(?:(?:[01]\d|2[0-3]):[0-5]\d|24:00)$/, { error: 'expected a time of day such as "08:30", in UTC' })
  .transform((value) => Number(value.slice(0, 2)) * 60 + Number(value.slice(3)));

const milliseconds: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

const duration = (fallback: string) =>
  z
    .string()
    .regex(/^\d{1,6}[mhd]$/, { error: 'expected a time such as "15m", "36h" or "90d"' })
    .default(fallback)
    .transform((value) => Number(value.slice(0, -1)) * (milliseconds[value.slice(-1)] ?? 0));

const people = z.record(name, text(1024)).default({});

const target = z.strictObject({
  repositories: z.array(pattern).min(1).max(1000),
  tags: z.array(pattern).min(1).max(1000).default(['**']),
});

const rule = z.strictObject({
  name,
  ...target.shape,
  requesters: z.array(name).min(1).max(100),
  platforms: z
    .strictObject({
      required: z.array(platform).max(100).default([]),
      allowed: z.array(platform).min(1).max(100).optional(),
    })
    .default({ required: [] }),
  changes: z
    .array(z.enum(['new', 'changed', 'same']))
    .min(1)
    .max(3)
    .default(['new', 'changed', 'same']),
  times: z
    .array(
      z.strictObject({
        days: z
          .array(z.enum(days))
          .min(1)
          .max(7)
          .default([...days])
          .transform((given) => given.map((day) => days.indexOf(day))),
        from: timeOfDay.default(0),
        to: timeOfDay.default(24 * 60),
      }),
    )
    .max(100)
    .default([]),
  approvals: z
    .strictObject({ need: z.int().min(1).max(100), of: z.array(name).min(1).max(100) })
    .refine(({ need, of }) => new Set(of).size >= need, { error: 'fewer approvers than approvals needed' })
    .optional(),
  maximumValidity: duration('100d'),
  formats: z
    .array(z.enum([...signatureFormats, ...metadataFormats]))
    .min(1)
    .default(['simple']),
});

export const signerPolicySchema = z.strictObject({
  requesters: people,
  approvers: people,
  maximumAge: duration('7d'),
  rules: z.array(rule).max(1000).default([]),
  refuse: z.array(target).max(1000).default([]),
});

/** A policy file as it was read: keys are still names of files. */
export type SignerPolicyFile = z.output<typeof signerPolicySchema>;
