import type { Descriptor } from '../oci/descriptor.ts';
import { type Digest, digestOf, quote } from '../oci/digest.ts';
import { SignpostError } from '../oci/errors.ts';
import { type ManifestList, parseManifest } from '../oci/manifest.ts';
import { formatPlatform } from '../oci/platform.ts';
import { type RepositoryName, type TagName, formatTaggedReference } from '../oci/reference.ts';
import type { RequestedImage } from '../trust/hand-off/signing-request.ts';

/** An image of which every digest was derived from the bytes themselves. */
export interface InspectedImage {
  readonly repository: RepositoryName;
  readonly tag: TagName;
  readonly list: Digest;
  /** Of every manifest that the list names, each once. */
  readonly manifests: readonly Digest[];
  /** The list, then its manifests: everything that is to be signed. */
  readonly contents: readonly Pick<Descriptor, 'digest' | 'mediaType' | 'size'>[];
  /** `linux/arm64/v8`, in the list's order. */
  readonly platforms: readonly string[];
  /** What is published for the tag, as the origin says: simple signatures that nobody has verified. */
  readonly published: readonly Uint8Array[];
}

/**
 * Checks that a list names just the manifests that came with it: whoever sees the list and these digests has seen all
 * that the signatures will cover.
 * @throws SignpostError MANIFEST_INVALID, LIMIT_EXCEEDED
 */
export function inspectImage(image: RequestedImage): InspectedImage {
  try {
    return inspect(image);
  } catch (error) {
    if (!(error instanceof SignpostError)) throw error;
    throw new SignpostError(error.code, `${formatTaggedReference(image)}: ${error.message}`, {
      cause: error,
    });
  }
}

function inspect(image: RequestedImage): InspectedImage {
  const { repository, tag } = image;
  const list = parseManifest(image.list.bytes, image.list.mediaType);
  if (list.kind !== 'list') throw invalid(`${quote(list.mediaType)} is signed only inside a manifest list`);
  if (list.manifests.length === 0) throw invalid('the list names no manifests');
  const given = new Map(image.manifests.map((manifest) => [digestOf(manifest.bytes), manifest]));
  if (given.size !== image.manifests.length) throw invalid('the request holds a manifest twice');
  checkDescriptors(list, given);
  const named = new Set(list.manifests.map(({ digest }) => digest));
  const foreign = [...given.keys()].find((digest) => !named.has(digest));
  if (foreign !== undefined) throw invalid(`the request holds ${foreign}, which the list does not name`);
  const described = [image.list, ...given.values()].map(({ bytes, mediaType }) => {
    return { digest: digestOf(bytes), mediaType, size: bytes.length };
  });
  return {
    repository,
    tag,
    list: digestOf(image.list.bytes),
    manifests: [...named],
    contents: described,
    platforms: list.manifests.map(({ platform }) =>
      platform === undefined ? 'no platform' : formatPlatform(platform),
    ),
    published: image.published ?? [],
  };
}

function checkDescriptors(
  list: ManifestList,
  given: ReadonlyMap<Digest, RequestedImage['manifests'][number]>,
): void {
  for (const [index, { digest, size, mediaType }] of list.manifests.entries()) {
    const where = `manifests[${index}], ${digest},`;
    const manifest = given.get(digest);
    if (manifest === undefined) throw invalid(`${where} is named by the list but not in the request`);
    if (manifest.bytes.length !== size) {
      throw invalid(`${where} has ${manifest.bytes.length} bytes: the list says ${size}`);
    }
    if (manifest.mediaType !== mediaType) {
      throw invalid(`${where} came as ${quote(manifest.mediaType)}: the list says ${quote(mediaType)}`);
    }
    if (parseManifest(manifest.bytes, mediaType).kind !== 'image') {
      throw invalid(`${where} is itself a list: lists inside lists are not published`);
    }
  }
}

function invalid(message: string): SignpostError {
  return new SignpostError('MANIFEST_INVALID', message);
}
