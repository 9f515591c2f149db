import { digestOf } from '../../src/oci/digest.ts';
import { mediaTypes } from '../../src/oci/media-types.ts';
import type { BuiltManifest } from './image-builder.ts';

const emptyConfig = Buffer.from('{}');

/** An artifact with one layer that refers to `subject` (image-spec 1.1, manifest.md). */
export function buildReferrer(
  { descriptor: { mediaType, digest, size } }: BuiltManifest,
  artifactType: string,
  text: string,
): BuiltManifest {
  const layer = Buffer.from(text);
  const describe = (type: string, bytes: Buffer) => ({
    mediaType: type,
    digest: digestOf(bytes),
    size: bytes.length,
  });
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      artifactType,
      config: describe(mediaTypes.ociEmpty, emptyConfig),
      layers: [describe(artifactType, layer)],
      subject: { mediaType, digest, size },
    }),
  );
  const blobs = new Map([emptyConfig, layer].map((bytes) => [digestOf(bytes), bytes]));
  const descriptor = { ...describe(mediaTypes.ociManifest, manifest), artifactType };
  const common = {
    manifest,
    digest: descriptor.digest,
    mediaType: mediaTypes.ociManifest,
    descriptor,
    blobs,
  };
  const built: BuiltManifest = { ...common, manifests: new Map() };
  return { ...built, manifests: new Map([[built.digest, built]]) };
}
