import { z } from 'zod';

/** Every setting of a policy file for `signpost verify --policy`. */

const text = (limit = 1024) => z.string().min(1).max(limit);
const files = z.array(text()).min(1).max(64);
const threshold = z.int().min(1).max(16).default(1);
const name = text(512).regex(/^[a-z0-9.-]+(?::\d{1,5})?(?:\/[a-z0-9._/-]+)?$/i, {
  error: 'expected <host> or <host>/<repository>',
});

const age = z
  .string({ error: 'expected a time such as "36h" or "30d"' })
  .regex(/^\d{1,6}[mhd]$/, { error: 'expected a time such as "36h" or "30d"' })
  .transform((value) => Number(value.slice(0, -1)) * (milliseconds[value.slice(-1)] ?? 0))
  .refine((value) => value > 0, { error: 'expected a time longer than nothing' });
const milliseconds: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

const byKeys = z.strictObject({ keys: files, threshold });

/** One of these: signatures in a format, or several requirements of which all, any or some must hold. */
export interface RequirementFile {
  readonly simple?: z.output<typeof byKeys> | undefined;
  readonly cosign?: z.output<typeof byKeys> | undefined;
  readonly sigstore?: z.output<typeof byKeys> | undefined;
  readonly notation?: { readonly roots: readonly string[]; readonly threshold: number } | undefined;
  readonly tuf?: { readonly root: string } | undefined;
  readonly notary?: { readonly roots: readonly string[] } | undefined;
  readonly allOf?: readonly RequirementFile[] | undefined;
  readonly anyOf?: readonly RequirementFile[] | undefined;
  readonly atLeast?: { readonly count: number; readonly of: readonly RequirementFile[] } | undefined;
}

const several = z.lazy(() => z.array(requirement).min(1).max(16));
const requirement: z.ZodType<RequirementFile> = z
  .strictObject({
    simple: byKeys.optional(),
    cosign: byKeys.optional(),
    sigstore: byKeys.optional(),
    notation: z.strictObject({ roots: files, threshold }).optional(),
    tuf: z.strictObject({ root: text() }).optional(),
    notary: z.strictObject({ roots: files }).optional(),
    allOf: several.optional(),
    anyOf: several.optional(),
    atLeast: z
      .strictObject({ count: z.int().min(1).max(16), of: several })
      .refine(({ count, of }) => count <= of.length, { error: 'expected a count of at most what "of" has' })
      .optional(),
  })
  .refine((one) => Object.values(one).filter((value) => value !== undefined).length === 1, {
    error:
      'expected one of "simple", "cosign", "sigstore", "notation", "tuf", "notary", "allOf", "anyOf" and "atLeast"',
  });

const rule = z
  .strictObject({
    match: z.array(text(512)).min(1).max(1000),
    identity: z.enum(['tag', 'repository']).default('tag'),
    remap: z.strictObject({ prefix: name, signedPrefix: name }).optional(),
    maximumAge: age.optional(),
    require: requirement,
  })
  .transform(({ remap, maximumAge, ...rest }) => ({ ...rest, remap, maximumAge }));

export const verifyPolicySchema = z.strictObject({ rules: z.array(rule).min(1).max(1000) });

/** A policy file as it was read: keys are still names of files, relative to it. */
export type VerifyPolicyFile = z.output<typeof verifyPolicySchema>;
