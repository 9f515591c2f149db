import { createHash } from 'node:crypto';
import type { ArtifactFormat } from '../artifact-format.ts';
import { composeReferrer } from '../referrer-artifact.ts';
import { parseJws } from './jws.ts';

const artifactType = 'application/vnd.cncf.notary.signature';
const layerType = 'application/jose+json';
const thumbprints = 'io.cncf.notary.x509chain.thumbprint#S256';

/** How notation stores signatures (Notary Project, signature-specification.md, "Storage"): a referrer around each. */
export const notationArtifact: ArtifactFormat = {
  format: 'notation',
  found: { by: 'referrers', artifactType },
  compose: (subject, envelopes) =>
    envelopes.map(({ envelope, created }) =>
      composeReferrer(subject, artifactType, { mediaType: layerType, bytes: envelope }, created, {
        [thumbprints]: JSON.stringify(parseJws(envelope).certificates.map(thumbprintOf)),
      }),
    ),
  toEnvelope: ({ mediaType }, blob) => (mediaType === layerType ? blob : undefined),
};

function thumbprintOf(certificate: Uint8Array): string {
  return createHash('sha256').update(certificate).digest('hex');
}
