import { digestMatches } from '../../oci/digest.ts';
import { isSignpostError } from '../../oci/errors.ts';
import { manifestLimit } from '../../oci/manifest.ts';
import type { ImageSource } from '../../ports/image-source.ts';
import { type CopyDeps, findPublished } from './copy-blobs.ts';

/** A source from which small blobs, such as configs, are not fetched again when they are published here already. */
export function withLocalBlobs(
  deps: Pick<CopyDeps, 'publications' | 'tree' | 'staging'>,
  source: ImageSource,
): ImageSource {
  const holds = source.holds?.bind(source);
  return {
    ...source,
    blob: async (descriptor, offset, signal) => {
      const { digest, size } = descriptor;
      const repository = size <= manifestLimit ? await findPublished(deps, descriptor) : undefined;
      if (repository === undefined) return source.blob(descriptor, offset, signal);
      const pieces: Uint8Array[] = [];
      try {
        const { stream } = await deps.tree.openBlob(repository, digest);
        for await (const piece of stream as AsyncIterable<Uint8Array>) pieces.push(piece);
      } catch (error) {
        if (!isSignpostError(error)) throw error;
      }
      const bytes = Buffer.concat(pieces);
      if (!digestMatches(digest, bytes)) return source.blob(descriptor, offset, signal);
      return onePiece(bytes.subarray(offset));
    },
    ...(holds === undefined
      ? {}
      : {
          holds: async (descriptor) =>
            (await deps.staging.hasBlob(descriptor.digest)) ||
            (await findPublished(deps, descriptor)) !== undefined ||
            (await holds(descriptor)),
        }),
  };
}

async function* onePiece(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield bytes;
}
