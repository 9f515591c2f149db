import { quote } from '../../oci/digest.ts';
import type { MetadataEvidence } from './metadata-evidence.ts';
import type { ExpectedImage, NamedRequirement } from './requirement.ts';
import { nameMatches } from './signed-name.ts';
import { type Step, failed, passed } from './step.ts';

/**
 * Whether metadata names the list that the name leads to. It names lists alone: a manifest is named by the list that
 * pins it, so the answer is the same for each of them.
 */
export function judgeMetadata(
  { format }: NamedRequirement,
  evidence: MetadataEvidence | undefined,
  { name, digest, list, size }: ExpectedImage,
): Step {
  const title = format === 'tuf' ? 'TUF metadata' : 'Notary v1 metadata';
  const { steps, tags } = evidence ?? { steps: [], tags: [] };
  const broken = steps.find(({ ok }) => !ok);
  if (broken !== undefined) {
    const detail = `${broken.name}: ${broken.detail ?? 'does not hold'}`;
    return failed(title, broken.reason ?? 'forged', detail, steps);
  }
  const named = tags.filter(({ reference }) => nameMatches(name, reference));
  const found = named.find((tag) => tag.digest === list);
  const refuse = (reason: string, detail: string) => failed(title, reason, detail, steps);
  if (found !== undefined) {
    if (digest === list && size !== undefined && size !== found.size) {
      return refuse('wrong-descriptor', `it names a list of ${found.size} bytes, and this one has ${size}`);
    }
    return passed(title, `${found.reference} is ${list}`, steps);
  }
  const elsewhere = tags.find((tag) => tag.digest === list);
  if (elsewhere !== undefined) {
    const detail = `it names ${list} for another name: for ${quote(elsewhere.reference)}, not for ${quote(name)}`;
    return refuse('wrong-reference', detail);
  }
  const [other] = named;
  return other === undefined
    ? refuse('missing', `it does not name ${quote(name)}`)
    : refuse('wrong-digest', `it names ${other.digest} for ${quote(other.reference)}, not ${list}`);
}
