import type { Digest } from '../oci/digest.ts';
import { SignpostError } from '../oci/errors.ts';
import type { RepositoryName } from '../oci/reference.ts';
import type { FormatReader } from '../ports/signing.ts';
import { type TreeReader, signaturesLimit } from '../ports/tree.ts';
import type { Evidence } from '../trust/evidence.ts';
import { findFormat } from './repository-rule.ts';
import type { VerifiedImage } from './verify-image.ts';

/**
 * The complete new lookaside signatures of every digest that the images bring: those in the tree that still hold,
 * in their order, then the new ones. What the same key signed for the same reference before is replaced; what has
 * expired, or was made by a key that the rule no longer names, goes.
 * @returns by repository, then by digest
 * @throws SignpostError LIMIT_EXCEEDED when the images alone bring more than clients read
 */
export async function mergeSignatures(
  tree: Pick<TreeReader, 'readSignatures'>,
  images: readonly VerifiedImage[],
  now: number,
): Promise<ReadonlyMap<RepositoryName, ReadonlyMap<Digest, readonly Uint8Array[]>>> {
  const merged = new Map<RepositoryName, Map<Digest, readonly Uint8Array[]>>();
  for (const [repository, { reader, digests }] of gather(images)) {
    const lists = new Map<Digest, readonly Uint8Array[]>();
    for (const [digest, fresh] of digests) {
      const present = await tree.readSignatures(repository, digest);
      const kept = await keepValid(present, reader, fresh, now);
      lists.set(digest, join(kept, fresh, `${repository}@${digest}`));
    }
    merged.set(repository, lists);
  }
  return merged;
}

interface FreshSignature {
  readonly reference: string;
  readonly fingerprint: string;
  readonly signature: Uint8Array;
}

interface Gathered {
  readonly reader: FormatReader;
  readonly digests: Map<Digest, FreshSignature[]>;
}

// Several tags of one bundle may bring signatures for the same digest.
function gather(images: readonly VerifiedImage[]): ReadonlyMap<RepositoryName, Gathered> {
  const gathered = new Map<RepositoryName, Gathered>();
  for (const { image, rule, reference, signatures } of images) {
    const reader = findFormat(rule, 'simple')?.reader;
    if (reader === undefined) continue;
    const entry = gathered.get(image.repository) ?? { reader, digests: new Map() };
    gathered.set(image.repository, entry);
    for (const { format, digest, fingerprint, signature } of signatures) {
      if (format !== 'simple') continue;
      const list = entry.digests.get(digest) ?? [];
      entry.digests.set(digest, list);
      list.push({ reference, fingerprint, signature });
    }
  }
  return gathered;
}

async function keepValid(
  present: readonly Uint8Array[],
  reader: FormatReader,
  fresh: readonly FreshSignature[],
  now: number,
): Promise<readonly Uint8Array[]> {
  const replaced = new Set(fresh.map(({ reference, fingerprint }) => `${fingerprint} ${reference}`));
  const kept: Uint8Array[] = [];
  for (const signature of present) {
    const key = keyOf(await reader.read(signature), now);
    if (key !== undefined && !replaced.has(key)) kept.push(signature);
  }
  return kept;
}

/** Who signed what; undefined for a signature that is no longer worth keeping. */
function keyOf(evidence: Evidence, now: number): string | undefined {
  if (evidence.kind !== 'signed' || evidence.expires === undefined || evidence.expires <= now)
    return undefined;
  return `${evidence.fingerprint} ${evidence.reference}`;
}

// Clients read at most 128 (signatures.md, section 1): when there are more, the oldest give way.
function join(
  kept: readonly Uint8Array[],
  fresh: readonly FreshSignature[],
  where: string,
): readonly Uint8Array[] {
  if (fresh.length > signaturesLimit) {
    throw new SignpostError(
      'LIMIT_EXCEEDED',
      `${where} would get ${fresh.length} signatures: clients read ${signaturesLimit}; give the image fewer tags`,
    );
  }
  return [...kept, ...fresh.map(({ signature }) => signature)].slice(-signaturesLimit);
}
