import type { ArtifactFormat } from '../artifact-format.ts';
import { composeReferrer } from '../referrer-artifact.ts';
import { predicateType } from './image-statement.ts';
import { bundleType } from './sigstore-bundle.ts';

/** The form that cosign 3 makes: a referrer around each bundle. */
export const sigstoreArtifact: ArtifactFormat = {
  format: 'sigstore',
  found: { by: 'referrers', artifactType: bundleType },
  compose: (subject, envelopes) =>
    envelopes.map(({ envelope, created }) =>
      composeReferrer(subject, bundleType, { mediaType: bundleType, bytes: envelope }, created, {
        'dev.sigstore.bundle.content': 'dsse-envelope',
        'dev.sigstore.bundle.predicateType': predicateType,
      }),
    ),
  toEnvelope: ({ mediaType }, blob) => (mediaType === bundleType ? blob : undefined),
};
