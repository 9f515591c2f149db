import type { Descriptor } from '../../../oci/descriptor.ts';
import { type Digest, digestHex, digestMatches, quote } from '../../../oci/digest.ts';
import { isSignpostError, SignpostError } from '../../../oci/errors.ts';
import { manifestLimit, type ManifestList, parseManifest } from '../../../oci/manifest.ts';
import { mediaTypes } from '../../../oci/media-types.ts';
import type { ImageSource, SourceManifest } from '../../../ports/image-source.ts';
import { readJson, readWhole, type SourceFiles } from '../source-files.ts';
import type { LayoutRoot } from './layout-root.ts';

const layoutFileLimit = 4096;

/** How a layout is read, and which of its images. */
export interface LayoutSourceOptions {
  readonly name: string;
  readonly files: SourceFiles;
  /** Ends whatever the source is doing. */
  readonly signal: AbortSignal;
  readonly chooseRoot: (index: ManifestList, signal: AbortSignal) => LayoutRoot | Promise<LayoutRoot>;
}

/** An image in an OCI image layout (image-spec 1.1, image-layout.md). */
export function createLayoutSource({
  name,
  files,
  signal: outer,
  chooseRoot,
}: LayoutSourceOptions): ImageSource {
  const closing = new AbortController();
  const ended = AbortSignal.any([outer, closing.signal]);
  const readManifest = (digest: Digest) => readWhole(files, blobPath(digest), manifestLimit, ended);

  const root = async (): Promise<SourceManifest> => {
    await checkLayoutFile(files, ended);
    const bytes = await readWhole(files, 'index.json', manifestLimit, ended);
    const index = parseIndex(bytes, files.path);
    const chosen = await chooseRoot(index, ended);
    if (chosen.kind === 'index') return { bytes, mediaType: index.mediaType };
    const { digest, mediaType } = chosen.descriptor;
    const manifest = await readManifest(digest);
    // The caller does not know this digest, so that nobody else can check it.
    if (digestMatches(digest, manifest)) return { bytes: manifest, mediaType };
    throw new SignpostError(
      'SOURCE_INVALID',
      `${files.path}: ${blobPath(digest)} does not have the digest in its name`,
    );
  };

  return {
    name,
    root,
    manifest: async ({ digest }) => ({ bytes: await readManifest(digest), mediaType: undefined }),
    blob: ({ digest }: Descriptor, offset, signal) =>
      files.openForCopy(blobPath(digest), offset, AbortSignal.any([signal, ended])),
    close: async () => {
      closing.abort();
      await files.close();
    },
  };
}

/** Where a layout keeps a blob. */
export function blobPath(digest: Digest): string {
  return `blobs/sha256/${digestHex(digest)}`;
}

async function checkLayoutFile(files: SourceFiles, signal: AbortSignal): Promise<void> {
  let layout: unknown;
  try {
    layout = await readJson(files, 'oci-layout', layoutFileLimit, signal);
  } catch (error) {
    if (!isSignpostError(error, 'NOT_FOUND')) throw error;
    const hint = (await files.has('manifest.json'))
      ? ': it is what "docker save" writes, a "docker-archive:"'
      : '';
    throw new SignpostError(
      'SOURCE_INVALID',
      `${files.path} has no file "oci-layout", and so is no OCI image layout${hint}`,
      { cause: error },
    );
  }
  const version: unknown =
    typeof layout === 'object' && layout !== null ? Reflect.get(layout, 'imageLayoutVersion') : undefined;
  if (version === '1.0.0') return;
  throw new SignpostError(
    'SOURCE_INVALID',
    `${files.path}: oci-layout has version ${quote(version)}: expected "1.0.0"`,
  );
}

function parseIndex(bytes: Uint8Array, path: string): ManifestList {
  try {
    const index = parseManifest(bytes, mediaTypes.ociIndex);
    if (index.kind === 'list') return index;
  } catch (cause) {
    throw new SignpostError('SOURCE_INVALID', `${path}: index.json: ${(cause as Error).message}`, { cause });
  }
  throw new SignpostError('SOURCE_INVALID', `${path}: index.json is not an image index`);
}
