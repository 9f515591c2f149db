import { SignpostError } from '../../oci/errors.ts';
import { parseGlob } from '../../trust/glob.ts';
import type { SignatureFormat } from '../../trust/signature-format.ts';
import type { MetadataFormat } from '../../trust/metadata-file.ts';
import type {
  NamedRequirement,
  Requirement,
  SignedRequirement,
  VerifyingRule,
} from '../../trust/verify/requirement.ts';
import type { AskedImage } from '../../trust/verify/signed-name.ts';
import { parseSettings } from '../config/parse-settings.ts';
import { type RequirementFile, type VerifyPolicyFile, verifyPolicySchema } from './verify-policy-schema.ts';
import { waitForAll } from '../../parallel/wait-for-all.ts';

/** What a policy demands of an image. */
export interface LoadedPolicy {
  readonly requirement: Requirement;
  readonly rule: VerifyingRule;
}

/** Makes leaves of a format and the files with its keys, which are relative to the policy. */
export interface LeafOpener {
  signed(format: SignatureFormat, files: readonly string[], threshold: number): Promise<SignedRequirement>;
  named(format: MetadataFormat, files: readonly string[]): Promise<NamedRequirement>;
}

const depthLimit = 8;

/**
 * The first rule that matches the image, with its keys. The other rules are read too, so that what is wrong with them is
 * found now.
 * @throws SignpostError CONFIG_INVALID, TRUST when no rule matches, and what `leaf` throws
 */
export async function loadVerifyPolicy(
  yaml: string,
  file: string,
  { host, repository }: AskedImage,
  leaf: LeafOpener,
): Promise<LoadedPolicy> {
  const { rules } = parseSettings(verifyPolicySchema, yaml, file, 'policy');
  const name = `${host}/${repository}`;
  const patterns = rules.map(({ match }) => match.map(parseGlob));
  const found = patterns.findIndex((match) => match.some((matches) => matches(name)));
  const requirements = [];
  if (found >= 0) {
    for (const { require } of rules) requirements.push(await readRequirement(require, file, 1, leaf));
  }
  const [requirement, rule] = [requirements[found], rules[found]];
  if (requirement === undefined || rule === undefined)
    throw new SignpostError('TRUST', `${file} has no rule for ${name}: nothing is trusted`);
  return { requirement, rule: readRule(rule) };
}

function readRule({ identity, remap, maximumAge }: VerifyPolicyFile['rules'][number]): VerifyingRule {
  return { name: { match: identity, remap }, maximumAge };
}

async function readRequirement(
  given: RequirementFile,
  file: string,
  depth: number,
  leaf: LeafOpener,
): Promise<Requirement> {
  if (depth > depthLimit) {
    throw new SignpostError(
      'CONFIG_INVALID',
      `${file}: requirements are nested deeper than ${depthLimit} levels`,
    );
  }
  const { simple, cosign, sigstore, notation, tuf, notary, allOf, anyOf, atLeast } = given;
  const several = async (parts: readonly RequirementFile[], need: number): Promise<Requirement> => ({
    kind: 'some',
    need,
    of: await waitForAll(parts.map((part) => readRequirement(part, file, depth + 1, leaf))),
  });
  if (allOf !== undefined) return several(allOf, allOf.length);
  if (anyOf !== undefined) return several(anyOf, 1);
  if (atLeast !== undefined) return several(atLeast.of, atLeast.count);
  if (notation !== undefined) return readSigned('notation', notation.roots, notation.threshold, file, leaf);
  if (tuf !== undefined) return leaf.named('tuf', [tuf.root]);
  if (notary !== undefined) return leaf.named('notary', notary.roots);
  for (const [format, keys] of Object.entries({ simple, cosign, sigstore })) {
    if (keys !== undefined)
      return readSigned(format as SignatureFormat, keys.keys, keys.threshold, file, leaf);
  }
  throw new SignpostError('CONFIG_INVALID', `${file}: a requirement demands nothing`);
}

async function readSigned(
  format: SignatureFormat,
  files: readonly string[],
  threshold: number,
  file: string,
  leaf: LeafOpener,
): Promise<Requirement> {
  const opened = await leaf.signed(format, files, threshold);
  const { size } = opened.fingerprints;
  if (threshold <= size) return opened;
  const keys = format === 'notation' ? 'root certificates' : 'keys';
  throw new SignpostError(
    'CONFIG_INVALID',
    `${file}: ${format} demands signatures by ${threshold} different ${keys}, and its files hold ${size}`,
  );
}
