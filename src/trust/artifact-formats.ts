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
