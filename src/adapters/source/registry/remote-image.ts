import { printPullPath } from '../../../oci/pull-path.ts';
import type { Descriptor } from '../../../oci/descriptor.ts';
import { type Digest, digestMatches } from '../../../oci/digest.ts';
import { isSignpostError, SignpostError } from '../../../oci/errors.ts';
import type { RegistryImageName } from '../../../oci/image-source-name.ts';
import { manifestLimit, parseManifest } from '../../../oci/manifest.ts';
import { mediaTypes } from '../../../oci/media-types.ts';
import type { RemoteImage } from '../../../ports/remote-image.ts';
import { signaturesLimit } from '../../../ports/tree.ts';
import type { ArtifactFormat } from '../../../trust/artifact-format.ts';
import { artifactFormats } from '../../../trust/artifact-formats.ts';
import { envelopeLimit } from '../../../trust/envelope-limit.ts';
import { findReferrers } from './find-referrers.ts';
import { type RegistryConnection, type RegistryOptions, connectToRegistry } from './registry-connection.ts';
import { createRegistrySource } from './registry-source.ts';
import { parseSignatureList, signatureListLimit } from './signature-list.ts';

/**
 * An image in a registry with its signatures: simple ones by the extension that podman asks, the others as the
 * artifacts that their own clients look for.
 * @throws SignpostError CONFIG_INVALID when a certificate authority cannot be read
 */
export async function createRemoteImage(
  name: RegistryImageName,
  options: RegistryOptions,
  signal: AbortSignal,
): Promise<RemoteImage> {
  const source = await createRegistrySource(name, options, signal);
  const connection = await connectToRegistry(name, options, signal);
  return {
    ...source,
    envelopes: (format, digest) => {
      const artifact = artifactFormats.find((one) => one.format === format);
      return artifact === undefined
        ? readSimple(connection, digest)
        : readArtifacts(connection, artifact, digest);
    },
    close: async () => {
      connection.close();
      await source.close();
    },
  };
}

async function readSimple(connection: RegistryConnection, digest: Digest): Promise<readonly Uint8Array[]> {
  const path = `/extensions/${printPullPath(connection.repository, 'signatures', digest)}`;
  const bytes = await get(
    connection,
    path,
    'application/json',
    signatureListLimit,
    `signatures of ${digest}`,
  );
  return bytes === undefined ? [] : parseSignatureList(bytes);
}

async function readArtifacts(
  connection: RegistryConnection,
  format: ArtifactFormat,
  digest: Digest,
): Promise<readonly Uint8Array[]> {
  const envelopes: Uint8Array[] = [];
  for (const bytes of await findArtifacts(connection, format, digest)) {
    const manifest = parseManifest(bytes, mediaTypes.ociManifest);
    if (manifest.kind !== 'image') continue;
    // A referrer that says it belongs to something else is none of this digest's.
    if (format.found.by === 'referrers' && manifest.subject?.digest !== digest) continue;
    for (const layer of manifest.layers) {
      if (envelopes.length >= signaturesLimit) throw tooMany(digest);
      const blob = await readLayer(connection, layer);
      const envelope = blob === undefined ? undefined : format.toEnvelope(layer, blob);
      if (envelope !== undefined) envelopes.push(envelope);
    }
  }
  return envelopes;
}

async function findArtifacts(
  connection: RegistryConnection,
  { found, format }: ArtifactFormat,
  digest: Digest,
): Promise<readonly Uint8Array[]> {
  const { repository } = connection;
  const manifest = (reference: string) =>
    get(
      connection,
      `/${printPullPath(repository, 'manifests', reference)}`,
      mediaTypes.ociManifest,
      manifestLimit,
      `${format} signatures of ${digest}`,
    );
  if (found.by === 'tag') return presentOnes([await manifest(found.tagOf(digest))]);
  const wanted = await findReferrers(connection, digest, found.artifactType);
  if (wanted.length > signaturesLimit) throw tooMany(digest);
  const artifacts: (Uint8Array | undefined)[] = [];
  for (const item of wanted) artifacts.push(checkDigest(await manifest(item.digest), item.digest));
  return presentOnes(artifacts);
}

/** A layer that may be an envelope, whole; undefined when it is too long to be one. */
async function readLayer(
  connection: RegistryConnection,
  { digest, size }: Descriptor,
): Promise<Uint8Array | undefined> {
  if (size > envelopeLimit) return undefined;
  const path = `/${printPullPath(connection.repository, 'blobs', digest)}`;
  return checkDigest(
    await get(connection, path, '*/*', envelopeLimit, `the signature blob ${digest}`),
    digest,
  );
}

/** The body of an answer; undefined for 404, which is how a registry says that there is no such thing. */
async function get(
  { fetchSmall }: RegistryConnection,
  path: string,
  accept: string,
  limit: number,
  what: string,
): Promise<Uint8Array | undefined> {
  try {
    return (await fetchSmall({ path, accept, limit, what })).bytes;
  } catch (error) {
    if (isSignpostError(error, 'NOT_FOUND')) return undefined;
    throw error;
  }
}

function checkDigest(bytes: Uint8Array | undefined, digest: Digest): Uint8Array | undefined {
  if (bytes === undefined || digestMatches(digest, bytes)) return bytes;
  throw new SignpostError('SOURCE_INVALID', `the registry answers ${digest} with bytes of another digest`);
}

function presentOnes(artifacts: readonly (Uint8Array | undefined)[]): readonly Uint8Array[] {
  return artifacts.filter((bytes) => bytes !== undefined);
}

function tooMany(digest: Digest): SignpostError {
  return new SignpostError('LIMIT_EXCEEDED', `${digest} has more than ${signaturesLimit} signatures`);
}
