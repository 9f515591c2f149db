import { printPullPath } from '../../../oci/pull-path.ts';
import { digestMatches, isDigest } from '../../../oci/digest.ts';
import { SignpostError } from '../../../oci/errors.ts';
import { formatImageSource, type RegistryImageName } from '../../../oci/image-source-name.ts';
import { manifestLimit } from '../../../oci/manifest.ts';
import { mediaTypes } from '../../../oci/media-types.ts';
import type { ImageSource, SourceManifest } from '../../../ports/image-source.ts';
import { readSchema1 } from '../../../trust/schema1/read-schema1.ts';
import { openBlobStream } from './blob-stream.ts';
import { findReferrers } from './find-referrers.ts';
import { type RegistryOptions, connectToRegistry } from './registry-connection.ts';

const acceptedTypes = [
  mediaTypes.ociIndex,
  mediaTypes.dockerList,
  mediaTypes.ociManifest,
  mediaTypes.dockerManifest,
  // The last resort: it is read only to be refused, or kept as a record (docs/adr/0015).
  `${mediaTypes.dockerSchema1Signed};q=0.1`,
].join(', ');
// Whatever else a registry or a bucket calls a manifest, the manifest itself tells.
const knownTypes: ReadonlySet<string> = new Set([
  mediaTypes.ociIndex,
  mediaTypes.dockerList,
  mediaTypes.ociManifest,
  mediaTypes.dockerManifest,
  mediaTypes.dockerSchema1,
  mediaTypes.dockerSchema1Signed,
]);

/**
 * An image in a registry, read through the pull API (distribution-spec 1.1, "Pull"). `signal` ends whatever the
 * source is doing.
 * @throws SignpostError CONFIG_INVALID when a certificate authority cannot be read
 */
export async function createRegistrySource(
  name: RegistryImageName,
  options: RegistryOptions,
  signal: AbortSignal = new AbortController().signal,
): Promise<ImageSource> {
  const connection = await connectToRegistry(name, options, signal);
  const { client, fetchSmall, repository, patience, retry, ended } = connection;
  const path = (kind: 'manifests' | 'blobs', reference: string) =>
    `/${printPullPath(repository, kind, reference)}`;

  const fetchManifest = async (reference: string): Promise<SourceManifest> => {
    const what = `manifest ${reference}`;
    const request = { path: path('manifests', reference), accept: acceptedTypes, limit: manifestLimit, what };
    const { answer, bytes } = await fetchSmall(request);
    const mediaType = readMediaType(answer.message.headers['content-type']);
    const pinned = isDigest(reference) ? reference : answer.message.headers['docker-content-digest'];
    if (isDigest(pinned) && !digestMatches(pinned, withoutSignatures(bytes, mediaType))) {
      throw new SignpostError(
        'SOURCE_INVALID',
        `${what} from ${answer.url.host} does not have digest ${pinned}`,
      );
    }
    return { bytes, mediaType };
  };

  return {
    name: formatImageSource(name),
    root: () => fetchManifest(name.reference),
    manifest: (descriptor) => fetchManifest(descriptor.digest),
    referrers: (digest) => findReferrers(connection, digest),
    blob: (descriptor, offset, signal) =>
      openBlobStream(
        { client, path: path('blobs', descriptor.digest), patience, resumes: retry.attempts - 1 },
        descriptor,
        offset,
        AbortSignal.any([signal, ended]),
      ),
    close: () => {
      connection.close();
      return Promise.resolve();
    },
  };
}

function readMediaType(header: string | undefined): string | undefined {
  const type = header?.split(';')[0]?.trim().toLowerCase() ?? '';
  return knownTypes.has(type) ? type : undefined;
}

// Registries name Docker schema 1 by the digest of what is signed in it. Old ones give it a type that says nothing.
function withoutSignatures(bytes: Uint8Array, mediaType: string | undefined): Uint8Array {
  if (mediaType !== undefined && mediaType !== mediaTypes.dockerSchema1Signed) return bytes;
  try {
    return readSchema1(bytes).payload;
  } catch (cause) {
    if (mediaType === undefined) return bytes;
    throw new SignpostError('SOURCE_INVALID', `Docker schema 1: ${(cause as Error).message}`, { cause });
  }
}
