import { z } from 'zod';

/** Every setting of the files that `signpost sign --tuf` and `--notary` name. docs/tuf.md describes them. */

const text = () => z.string().min(1).max(4096);
const milliseconds: Readonly<Record<string, number>> = { h: 3_600_000, d: 86_400_000 };
const duration = (fallback: string) =>
  z
    .string()
    .regex(/^\d{1,5}[hd]$/, { error: 'expected a time such as "36h" or "90d"' })
    .default(fallback)
    .transform((value) => Number(value.slice(0, -1)) * (milliseconds[value.slice(-1)] ?? 0));

const common = {
  /** Versions of the root, the first one first. */
  roots: z.array(text()).min(1).max(256),
  /** Which repositories get this metadata. */
  repositories: z.array(z.string().min(1).max(255)).min(1).max(1000).default(['**']),
  /** For those of the keys that are protected. */
  passphraseFile: text().optional(),
  /** How long what each role signs is valid. */
  validity: z
    .strictObject({ targets: duration('90d'), snapshot: duration('30d'), timestamp: duration('7d') })
    .prefault({}),
};

export const tufKeysSchema = z.strictObject({
  ...common,
  keys: z.strictObject({
    targets: z.array(text()).min(1).max(16),
    snapshot: z.array(text()).min(1).max(16),
    /** None: the origin has the timestamp's key. */
    timestamp: z.array(text()).max(16).default([]),
  }),
});

export const notaryKeysSchema = z.strictObject({
  ...common,
  keys: z.strictObject({ targets: text(), snapshot: text(), timestamp: text() }),
});
