import type { Digest } from '../../oci/digest.ts';
import { SignpostError, isSignpostError } from '../../oci/errors.ts';
import { mediaTypes } from '../../oci/media-types.ts';
import { formatTaggedReference, type TaggedReference } from '../../oci/reference.ts';
import type { Clock } from '../../ports/clock.ts';
import type { ImageSource, SourceManifest } from '../../ports/image-source.ts';
import type { Schema1Archive } from '../../ports/schema1-archive.ts';
import { parseStrictJson } from '../../trust/strict-json.ts';
import { type Schema1Signer, verifySchema1 } from '../../trust/schema1/verify-schema1.ts';

/** What to do with an image of Docker schema 1 whose embedded signatures hold. */
export type Schema1Policy = 'refuse' | 'take';

export interface Schema1Result {
  readonly reference: string;
  readonly outcome: 'archived';
  /** Of the manifest without its signatures, as registries name it. */
  readonly digest: Digest;
  readonly signers: readonly Schema1Signer[];
  /** Where it is kept. */
  readonly place: string;
}

const types: ReadonlySet<string | undefined> = new Set([
  mediaTypes.dockerSchema1,
  mediaTypes.dockerSchema1Signed,
]);

/** Whether this is Docker schema 1: by its media type, or, as of old registries that call everything JSON, by what it says. */
export function isSchema1({ mediaType, bytes }: SourceManifest): boolean {
  if (mediaType !== undefined) return types.has(mediaType);
  try {
    const document = parseStrictJson(bytes, 'the manifest');
    return typeof document === 'object' && document !== null && Reflect.get(document, 'schemaVersion') === 1;
  } catch (error) {
    // Whoever reads it as something else says what is wrong with it.
    if (isSignpostError(error)) return false;
    throw error;
  }
}

/**
 * Verifies the signatures in a Docker schema 1 manifest and puts it into the archive, where the policy says so
 * (docs/adr/0015). It is never staged: no tag leads to it, and nothing of it is served.
 * @throws SignpostError TRUST when a signature does not hold, MANIFEST_INVALID when the policy refuses it, STORAGE
 */
export async function takeSchema1(
  { archive, clock }: { readonly archive: Schema1Archive; readonly clock: Clock },
  source: ImageSource,
  bytes: Uint8Array,
  target: TaggedReference,
  policy: Schema1Policy,
): Promise<Schema1Result> {
  const verdict = verifySchema1(bytes);
  if (!verdict.ok) {
    throw new SignpostError(
      'TRUST',
      `${source.name} is Docker schema 1, and cannot be taken: ${verdict.reason}`,
    );
  }
  const { manifest, signers } = verdict;
  const { digest, architecture, layers } = manifest;
  if (policy === 'refuse') {
    throw new SignpostError(
      'MANIFEST_INVALID',
      `${source.name} is Docker schema 1, which is never served as current content (its embedded signature holds: ` +
        `${signers.map(describeSigner).join('; ')}): convert it first, as "skopeo copy --format v2s2" does, or keep it ` +
        `in the archive with repositories[].schema1: take`,
    );
  }
  const report = { source: source.name, taken: clock.now(), architecture, layers, signers };
  const place = await archive.keep({ repository: target.repository, digest, bytes, report });
  return { reference: formatTaggedReference(target), outcome: 'archived', digest, signers, place };
}

/** A signer in words. The key came with the signature: it says that nothing was changed, and not by whom it was made. */
export function describeSigner({ keyId, algorithm, time }: Schema1Signer): string {
  return `${algorithm} by key ${keyId}, ${time}`;
}
