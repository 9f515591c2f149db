import { z } from 'zod';
import { type MetadataFormat, isMetadataFormat } from '../../trust/metadata-file.ts';
import { describeWrongMatch } from './repository-match.ts';
import { checked, duration, text, validity } from './setting-values.ts';

const formatKeys = {
  simple: 'keys',
  cosign: 'cosignKeys',
  sigstore: 'cosignKeys',
  notation: 'notationRoots',
} as const;

const formats = ['simple', 'cosign', 'sigstore', 'notation', 'tuf', 'notary'] as const satisfies readonly (
  keyof typeof formatKeys | MetadataFormat
)[];

const repositoryFields = z.strictObject({
  match: checked(255, describeWrongMatch).describe(
    'A repository name, a prefix that ends in "/*", or "*" for all. The first rule that matches counts.',
  ),
  formats: z
    .array(z.enum(formats))
    .min(1)
    .max(formats.length)
    .default(['simple'])
    .describe(
      'Formats in which every image must be signed. At least one of "simple" (for podman, skopeo and CRI-O, by a lookaside), "cosign" (attached, for podman, skopeo, CRI-O and cosign), "sigstore" (bundles, for cosign 3) and "notation" (Notary Project, for notation) is needed. "tuf" and "notary" demand in addition that the TUF or Notary v1 metadata of the same bundle names the tag.',
    ),
  keys: z
    .array(text())
    .max(64)
    .default([])
    .describe(
      'Files with OpenPGP public keys whose simple signatures are accepted. Needed for "simple". Copies of one key are merged over all these files, in any order, as gpg does it; a revocation counts wherever it is, also as a certificate without the key.',
    ),
  cosignKeys: z
    .array(text())
    .max(64)
    .default([])
    .describe(
      'Files with ECDSA P-256 public keys in PEM, for "cosign" and "sigstore". Needed for either. Such a key must sign nothing but images: cosign does not look at what kind of statement it verifies.',
    ),
  notationRoots: z
    .array(text())
    .max(64)
    .default([])
    .describe(
      'Files with root certificates in PEM: Notary Project signatures are accepted whose chain ends in one of them. Needed for "notation". Whatever code-signing certificate a root issues may sign, and all that sign under one root count as one key.',
    ),
  threshold: z
    .int()
    .min(1)
    .max(16)
    .default(1)
    .describe('How many different keys must have signed, in each format.'),
  maximumValidity: validity('400d').describe('Signatures with a longer validity are refused.'),
  schema1: z
    .enum(['refuse', 'take'])
    .default('refuse')
    .describe(
      'What "signpost publish" does with an image of Docker schema 1 whose embedded signature is valid: refuse it, or keep it in the archive, from which nothing is served.',
    ),
  warnBefore: duration('14d').describe('"signpost accept" warns of signatures that expire sooner than this.'),
});

/** Which keys sign what, and in which formats. */
export const repository = repositoryFields.superRefine((rule, context) => {
  for (const [index, format] of rule.formats.entries()) {
    if (rule.formats.indexOf(format) !== index) {
      context.addIssue({ code: 'custom', path: ['formats', index], message: 'expected each format once' });
    }
    if (isMetadataFormat(format)) continue;
    const setting = formatKeys[format];
    if (rule[setting].length > 0) continue;
    const message = `expected one key file or more: the rule demands the format "${format}"`;
    context.addIssue({ code: 'custom', path: [setting], message });
  }
  if (rule.formats.every(isMetadataFormat)) {
    // Metadata names lists alone, and clients of signatures would find none.
    const message = 'expected "simple", "cosign", "sigstore" or "notation" beside metadata';
    context.addIssue({ code: 'custom', path: ['formats'], message });
  }
});
