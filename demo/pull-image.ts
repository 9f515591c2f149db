import type { Descriptor } from '../src/oci/descriptor.ts';
import { type Digest, digestOf } from '../src/oci/digest.ts';
import { SignpostError } from '../src/oci/errors.ts';
import { blobsOf, type ManifestList, parseManifest } from '../src/oci/manifest.ts';
import { mediaTypes } from '../src/oci/media-types.ts';

/** An answer whose body has been read and hashed. */
interface Answer {
  readonly status: number;
  readonly location: string | undefined;
  /** Of the body. */
  readonly digest: Digest;
  readonly size: number;
  /** The body, when it is no larger than a manifest may be. */
  readonly bytes: Uint8Array | undefined;
}

/** One HTTP request, redirects not followed. */
export type Fetch = (
  method: 'GET' | 'HEAD',
  url: string,
  headers: Readonly<Record<string, string>>,
) => Promise<Answer>;

/** An image's manifests, all of them, as the registry gave them. */
export interface ReadImage {
  readonly digest: Digest;
  readonly list: ManifestList;
  /** How many manifests there are, the list counted. */
  readonly manifests: number;
  /** Every blob once. */
  readonly blobs: readonly Descriptor[];
}

export interface Pulled {
  readonly manifests: number;
  readonly blobs: readonly {
    readonly digest: Digest;
    readonly size: number;
    /** The host and port that sent it. */
    readonly from: string;
  }[];
}

const accept = [
  mediaTypes.ociIndex,
  mediaTypes.dockerList,
  mediaTypes.ociManifest,
  mediaTypes.dockerManifest,
].join(', ');
const redirectLimit = 3;

/**
 * Reads the manifests of an image by its tag, each checked against its digest. `repository` is the URL of the
 * repository: `https://host/v2/name`.
 * @throws SignpostError DIGEST_MISMATCH, UNAVAILABLE, MANIFEST_INVALID
 */
export async function readImage(fetch: Fetch, repository: string, tag: string): Promise<ReadImage> {
  const root = await readManifest(fetch, `${repository}/manifests/${tag}`);
  const list = parseManifest(root.bytes);
  if (list.kind !== 'list') throw new SignpostError('MANIFEST_INVALID', `${tag} does not name a list`);
  const blobs = new Map<Digest, Descriptor>();
  for (const descriptor of list.manifests) {
    const { bytes } = await readManifest(fetch, `${repository}/manifests/${descriptor.digest}`, descriptor);
    const manifest = parseManifest(bytes, descriptor.mediaType);
    if (manifest.kind === 'list') throw new SignpostError('MANIFEST_INVALID', 'a list within a list');
    for (const blob of blobsOf(manifest)) blobs.set(blob.digest, blob);
  }
  return {
    digest: root.digest,
    list,
    manifests: 1 + list.manifests.length,
    blobs: [...blobs.values()].toSorted((a, b) => b.size - a.size),
  };
}

/**
 * Fetches every blob of the image by whatever redirects the registry gives, and checks each.
 * @throws SignpostError DIGEST_MISMATCH, UNAVAILABLE
 */
export async function pullImage(fetch: Fetch, repository: string, image: ReadImage): Promise<Pulled> {
  const blobs = [];
  for (const blob of image.blobs) {
    const { answer, url } = await follow(fetch, `${repository}/blobs/${blob.digest}`);
    check(answer, blob, url);
    blobs.push({ digest: blob.digest, size: blob.size, from: new URL(url).host });
  }
  return { manifests: image.manifests, blobs };
}

async function readManifest(fetch: Fetch, url: string, expected?: Descriptor) {
  const answer = await fetch('GET', url, { accept });
  if (answer.status !== 200 || answer.bytes === undefined) {
    throw new SignpostError('UNAVAILABLE', `${url} answered ${answer.status}, ${answer.size} bytes`);
  }
  if (expected !== undefined) check(answer, expected, url);
  return { bytes: answer.bytes, digest: digestOf(answer.bytes) };
}

async function follow(fetch: Fetch, first: string): Promise<{ answer: Answer; url: string }> {
  let url = first;
  for (let count = 0; count <= redirectLimit; count += 1) {
    const answer = await fetch('GET', url, {});
    if (answer.status === 200) return { answer, url };
    if (answer.status !== 307 || answer.location === undefined) {
      throw new SignpostError('UNAVAILABLE', `${url} answered ${answer.status}`);
    }
    url = new URL(answer.location, url).href;
  }
  throw new SignpostError('UNAVAILABLE', `${first} was redirected more than ${redirectLimit} times`);
}

function check(answer: Answer, expected: Descriptor, url: string): void {
  if (answer.digest === expected.digest && answer.size === expected.size) return;
  throw new SignpostError(
    'DIGEST_MISMATCH',
    `${url} sent ${answer.size} bytes with ${answer.digest}: expected ${expected.size} with ${expected.digest}`,
  );
}
