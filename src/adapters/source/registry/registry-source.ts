import { digestMatches, isDigest } from '../../../oci/digest.ts';
import { SignpostError } from '../../../oci/errors.ts';
import { formatImageSource, type RegistryImageName } from '../../../oci/image-source-name.ts';
import { manifestLimit } from '../../../oci/manifest.ts';
import { mediaTypes } from '../../../oci/media-types.ts';
import type { ImageSource, SourceManifest } from '../../../ports/image-source.ts';
import { readSchema1 } from '../../../trust/schema1/read-schema1.ts';
import type { ImageSourceOptions } from '../source-options.ts';
import { openBlobStream } from './blob-stream.ts';
import { readBounded } from './body.ts';
import { connectToRegistry } from './registry-connection.ts';

const acceptedTypes = [
  mediaTypes.ociIndex,
  mediaTypes.dockerList,
  mediaTypes.ociManifest,
  mediaTypes.dockerManifest,
  // The last resort: it is read only to be refused, or kept as a record (docs/adr/0015).
  `${mediaTypes.dockerSchema1Signed};q=0.1`,
].join(', ');
// Some registries know no type for manifests; the manifest itself then tells.
const vagueTypes: ReadonlySet<string> = new Set([
  'application/json',
  'application/octet-stream',
  'text/plain',
]);

/**
 * An image in a registry, read through the pull API (distribution-spec 1.1, "Pull"). `signal` ends whatever the
 * source is doing.
 * @throws SignpostError CONFIG_INVALID when a certificate authority cannot be read
 */
export async function createRegistrySource(
  name: RegistryImageName,
  options: Pick<ImageSourceOptions, 'credentialFiles' | 'tls' | 'timeouts' | 'retry'>,
  signal: AbortSignal = new AbortController().signal,
): Promise<ImageSource> {
  const connection = await connectToRegistry(name, options, signal);
  const { client, repository, timeouts, retry, ended } = connection;
  const path = (kind: 'manifests' | 'blobs', reference: string) => `/v2/${repository}/${kind}/${reference}`;

  const fetchManifest = async (reference: string): Promise<SourceManifest> => {
    const what = `manifest ${reference}`;
    const headers = { Accept: acceptedTypes };
    const answer = await client.get(path('manifests', reference), headers, ended, what);
    const bytes = await readBounded(answer, manifestLimit, timeouts.idle, ended, what);
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
    blob: (descriptor, offset, signal) =>
      openBlobStream(
        { client, path: path('blobs', descriptor.digest), idle: timeouts.idle, resumes: retry.attempts - 1 },
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
  return type === '' || vagueTypes.has(type) ? undefined : type;
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
