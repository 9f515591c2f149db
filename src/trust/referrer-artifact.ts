import type { Descriptor } from '../oci/descriptor.ts';
import { digestOf } from '../oci/digest.ts';
import { mediaTypes } from '../oci/media-types.ts';
import type { SignatureArtifact } from './artifact-format.ts';
import { formatSecond } from '../text/format-time.ts';

const emptyConfig = Buffer.from('{}');

/**
 * An artifact that refers to `subject` and has one layer (image-spec 1.1, manifest.md, "Guidelines for Artifact Usage").
 * `created` is in milliseconds since the epoch.
 */
export function composeReferrer(
  subject: Pick<Descriptor, 'digest' | 'mediaType' | 'size'>,
  artifactType: string,
  layer: { readonly mediaType: string; readonly bytes: Uint8Array },
  created: number,
  annotations: Readonly<Record<string, string>>,
): SignatureArtifact {
  const describe = (mediaType: string, bytes: Uint8Array) => ({
    mediaType,
    digest: digestOf(bytes),
    size: bytes.length,
  });
  const manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    artifactType,
    config: describe(mediaTypes.ociEmpty, emptyConfig),
    layers: [describe(layer.mediaType, layer.bytes)],
    subject: { mediaType: subject.mediaType, digest: subject.digest, size: subject.size },
    annotations: {
      // RFC 3339 without fractions, which some clients refuse.
      'org.opencontainers.image.created': formatSecond(created),
      ...annotations,
    },
  };
  return {
    mediaType: mediaTypes.ociManifest,
    bytes: Buffer.from(JSON.stringify(manifest)),
    blobs: [emptyConfig, layer.bytes],
  };
}
