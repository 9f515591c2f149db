import type { ArtifactFormat } from './artifact-format.ts';
import { cosignArtifact } from './cosign/cosign-artifact.ts';
import { notationArtifact } from './notation/notation-artifact.ts';
import { sigstoreArtifact } from './sigstore/sigstore-artifact.ts';

/** Every format that is published as artifacts. Simple signatures are not: they lie in the lookaside. */
export const artifactFormats: readonly ArtifactFormat[] = [
  cosignArtifact,
  sigstoreArtifact,
  notationArtifact,
];

/**
 * The types of the artifacts in which clients look for signatures of these formats. Only signatures that were accepted
 * may be published as such.
 */
export function signatureTypes(formats: readonly string[]): ReadonlySet<string> {
  return new Set(
    artifactFormats.flatMap(({ format, found }) =>
      found.by === 'referrers' && formats.includes(format) ? [found.artifactType] : [],
    ),
  );
}
