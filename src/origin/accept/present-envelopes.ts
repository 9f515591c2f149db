import { type Digest, digestMatches } from '../../oci/digest.ts';
import { isSignpostError } from '../../oci/errors.ts';
import { parseManifest } from '../../oci/manifest.ts';
import type { RepositoryName } from '../../oci/reference.ts';
import type { Publications } from '../../ports/publications.ts';
import type { TreeReader } from '../../ports/tree.ts';
import type { ArtifactFormat } from '../../trust/artifact-format.ts';
import { artifactFormats } from '../../trust/artifact-formats.ts';
import { envelopeLimit } from '../../trust/envelope-limit.ts';
import type { SignatureFormat } from '../../trust/signature-format.ts';

export interface PresentDeps {
  readonly treeReader: Pick<TreeReader, 'readSignatures' | 'readManifest' | 'readBlob'>;
  readonly publications: Pick<Publications, 'findTag' | 'findReferrers'>;
}

/** What is published of a digest's signatures in one format. */
export interface PresentEnvelopes {
  readonly envelopes: readonly Uint8Array[];
  /** The artifacts that hold them, where each is listed by itself. */
  readonly referrers: readonly Digest[];
}

/**
 * The envelopes of a digest that the tree holds, in their order. Nothing is believed of them: the tree is a folder that
 * people copy about. What is missing or damaged is left out, since it is about to be replaced.
 * @throws SignpostError STORAGE
 */
export async function readPresent(
  deps: PresentDeps,
  format: SignatureFormat,
  repository: RepositoryName,
  digest: Digest,
): Promise<PresentEnvelopes> {
  const artifact = artifactFormats.find((item) => item.format === format);
  if (artifact === undefined) {
    return { envelopes: await deps.treeReader.readSignatures(repository, digest), referrers: [] };
  }
  if (artifact.found.by === 'tag') {
    const found = await deps.publications.findTag(repository, artifact.found.tagOf(digest));
    const manifest = found?.list;
    const envelopes = manifest === undefined ? [] : await readArtifact(deps, artifact, repository, manifest);
    return { envelopes, referrers: [] };
  }
  const referrers = await deps.publications.findReferrers(repository, digest, artifact.found.artifactType);
  const envelopes = [];
  for (const manifest of referrers) {
    envelopes.push(...(await readArtifact(deps, artifact, repository, manifest)));
  }
  return { envelopes, referrers };
}

async function readArtifact(
  { treeReader }: PresentDeps,
  format: ArtifactFormat,
  repository: RepositoryName,
  digest: Digest,
): Promise<readonly Uint8Array[]> {
  try {
    const bytes = await treeReader.readManifest(repository, digest);
    const manifest = digestMatches(digest, bytes) ? parseManifest(bytes) : undefined;
    if (manifest?.kind !== 'image') return [];
    const envelopes = [];
    for (const layer of manifest.layers) {
      if (layer.size > envelopeLimit) continue;
      const envelope = format.toEnvelope(layer, await treeReader.readBlob(repository, layer.digest));
      if (envelope !== undefined) envelopes.push(envelope);
    }
    return envelopes;
  } catch (error) {
    const damaged = (['NOT_FOUND', 'MANIFEST_INVALID', 'LIMIT_EXCEEDED'] as const).some((code) =>
      isSignpostError(error, code),
    );
    if (damaged) return [];
    throw error;
  }
}
