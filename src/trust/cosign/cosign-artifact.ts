import { digestHex, digestOf } from '../../oci/digest.ts';
import { mediaTypes } from '../../oci/media-types.ts';
import { parseTagName } from '../../oci/reference.ts';
import type { ArtifactFormat, VerifiedEnvelope } from '../artifact-format.ts';
import { readBase64 } from '../json-reader.ts';
import { formatCosignEnvelope, parseCosignEnvelope } from './cosign-envelope.ts';

const layerType = 'application/vnd.dev.cosign.simplesigning.v1+json';
const annotation = 'dev.cosignproject.cosign/signature';

/**
 * cosign's attached form (specs/SIGNATURE_SPEC.md, "Storage"): an image under the tag `sha256-<hex>.sig`, with a layer
 * for each signature. It is the only one that podman, skopeo and CRI-O read.
 */
export const cosignArtifact: ArtifactFormat = {
  format: 'cosign',
  found: { by: 'tag', tagOf: (digest) => parseTagName(`sha256-${digestHex(digest)}.sig`) },
  compose(_subject, envelopes) {
    const layers = envelopes.map(composeLayer);
    const config = Buffer.from(
      JSON.stringify({
        architecture: '',
        os: '',
        config: {},
        rootfs: { type: 'layers', diff_ids: layers.map(({ descriptor }) => descriptor.digest) },
      }),
    );
    const manifest = {
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config: { mediaType: mediaTypes.ociConfig, size: config.length, digest: digestOf(config) },
      layers: layers.map(({ descriptor }) => descriptor),
    };
    const bytes = Buffer.from(JSON.stringify(manifest));
    const blobs = [config, ...layers.map(({ payload }) => payload)];
    return [{ mediaType: mediaTypes.ociManifest, bytes, blobs }];
  },
  toEnvelope({ mediaType, annotations }, payload) {
    if (mediaType !== layerType) return undefined;
    try {
      return formatCosignEnvelope({ payload, signature: readBase64(annotations?.[annotation], annotation) });
    } catch {
      return undefined;
    }
  },
};

function composeLayer({ envelope }: VerifiedEnvelope) {
  const { payload, signature } = parseCosignEnvelope(envelope);
  const annotations = { [annotation]: Buffer.from(signature).toString('base64') };
  const descriptor = { mediaType: layerType, size: payload.length, digest: digestOf(payload), annotations };
  return { payload, descriptor };
}
