import { type Digest, digestOf } from '../../oci/digest.ts';
import { parseManifest } from '../../oci/manifest.ts';
import type { RepositoryName } from '../../oci/reference.ts';
import type { PublishedManifest, PublishedTag } from '../../ports/publications.ts';
import { artifactFormats } from '../../trust/artifact-formats.ts';
import { describeManifest } from './describe-manifest.ts';
import type { MergedSignatures } from './merge-signatures.ts';

/** A signature as an artifact, ready to be placed. */
export interface PlacedArtifact {
  readonly row: PublishedManifest;
  readonly bytes: Uint8Array;
  readonly blobs: readonly { readonly digest: Digest; readonly bytes: Uint8Array }[];
  readonly tag?: PublishedTag;
}

export interface ComposedArtifacts {
  readonly artifacts: readonly PlacedArtifact[];
  /** Artifacts that are no longer to be found: what they hold was replaced or has expired. */
  readonly retired: readonly { readonly repository: RepositoryName; readonly digest: Digest }[];
}

/** The artifacts around merged signatures, in the formats that have any. */
export function composeArtifacts(
  merged: readonly MergedSignatures[],
  requestSerial: number,
): ComposedArtifacts {
  const artifacts = merged.flatMap((signatures) => compose(signatures, requestSerial));
  const kept = new Set(artifacts.map(({ row }) => `${row.repository}@${row.digest}`));
  const retired = merged
    .flatMap(({ repository, referrers }) => referrers.map((digest) => ({ repository, digest })))
    .filter(({ repository, digest }) => !kept.has(`${repository}@${digest}`));
  return { artifacts, retired };
}

function compose(
  { repository, format, subject, envelopes, expires }: MergedSignatures,
  requestSerial: number,
): readonly PlacedArtifact[] {
  const artifact = artifactFormats.find((item) => item.format === format);
  if (artifact === undefined) return [];
  const { found } = artifact;
  return artifact.compose(subject, envelopes).map(({ mediaType, bytes, blobs: parts }) => {
    const digest = digestOf(bytes);
    const blobs = parts.map((part) => ({ digest: digestOf(part), bytes: part }));
    const row = describeManifest(repository, digest, bytes, parseManifest(bytes, mediaType));
    if (found.by !== 'tag') return { row, bytes, blobs };
    const tag = found.tagOf(subject.digest);
    return { row, bytes, blobs, tag: { repository, tag, list: digest, requestSerial, expires } };
  });
}
