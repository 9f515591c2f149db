import type { Digest } from '../../oci/digest.ts';
import type { RepositoryName } from '../../oci/reference.ts';
import { signaturesLimit } from '../../ports/tree.ts';
import type { StatedEvidence } from '../../trust/evidence.ts';
import type { FormatReader } from '../../trust/signing.ts';
import { type CurrentTagsDeps, createCurrentTags } from './current-tags.ts';
import type { VerifiedImage } from './judge-image.ts';
import { type PresentDeps, readPresent } from './present-envelopes.ts';
import { findFormat } from './repository-rule.ts';
import type { StagedManifest } from './staged-content.ts';

/** An envelope with what it says. */
export interface ReadEnvelope {
  readonly envelope: Uint8Array;
  readonly evidence: StatedEvidence;
}

/** All that there is in one format for one digest. */
export interface GatheredSignatures extends FreshSignatures {
  /** Published already, and still holding, in their order. */
  readonly present: readonly ReadEnvelope[];
  /** The artifacts that hold those, where each is listed by itself. */
  readonly referrers: readonly Digest[];
  /** Of the references that those are for, the ones that lead to the digest as long as nothing new is published. */
  readonly current: ReadonlySet<string>;
}

interface FreshSignatures {
  readonly repository: RepositoryName;
  readonly reader: FormatReader;
  readonly subject: StagedManifest['descriptor'];
  /** What the images bring: several tags of a bundle may lead to the same digest. */
  readonly fresh: readonly ReadEnvelope[];
}

/**
 * Everything that the images sign, each with the signatures that they bring and those that are published. `now` is in
 * milliseconds since the epoch.
 * @throws SignpostError STORAGE
 */
export async function gatherSignatures(
  deps: PresentDeps & CurrentTagsDeps & Pick<PresentDeps, 'publications' | 'treeReader'>,
  images: readonly VerifiedImage[],
  now: number,
): Promise<readonly GatheredSignatures[]> {
  const isCurrent = createCurrentTags(deps);
  const gathered: GatheredSignatures[] = [];
  for (const item of gatherFresh(images)) {
    const { repository, reader, subject, fresh } = item;
    const { envelopes, referrers } = await readPresent(deps, reader.format, repository, subject.digest);
    const present = envelopes.flatMap((envelope) => readValid(envelope, item, now));
    const current = new Set<string>();
    // Where their tags lead matters only when there is no room for all of them.
    if (present.length + fresh.length > signaturesLimit) {
      for (const { evidence } of present) {
        const { reference } = evidence;
        if (await isCurrent(repository, subject.digest, reference)) current.add(reference);
      }
    }
    gathered.push({ ...item, present, referrers, current });
  }
  return gathered;
}

function gatherFresh(images: readonly VerifiedImage[]): readonly FreshSignatures[] {
  const gathered = new Map<string, FreshSignatures & { readonly fresh: ReadEnvelope[] }>();
  for (const { image, rule, contents, signatures } of images) {
    const { repository } = image;
    const subjects = new Map(contents.map((subject) => [subject.digest, subject]));
    for (const { format, digest, signature: envelope, evidence } of signatures) {
      const reader = findFormat(rule, format)?.reader;
      const subject = subjects.get(digest);
      if (reader === undefined || subject === undefined || evidence.kind !== 'signed') continue;
      const key = `${format} ${repository}@${digest}`;
      const entry = gathered.get(key) ?? { repository, reader, subject, fresh: [] };
      gathered.set(key, entry);
      entry.fresh.push({ envelope, evidence });
    }
  }
  return [...gathered.values()];
}

function readValid(
  envelope: Uint8Array,
  { reader, subject }: FreshSignatures,
  now: number,
): readonly ReadEnvelope[] {
  const evidence = reader.read(envelope, now);
  if (evidence.kind !== 'signed' || evidence.digest !== subject.digest) return [];
  return (evidence.expires ?? 0) > now ? [{ envelope, evidence }] : [];
}
