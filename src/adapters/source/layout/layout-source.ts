import type { Descriptor } from '../../../oci/descriptor.ts';
import { describeValue } from '../../../oci/descriptor.ts';
import { type Digest, digestHex, digestMatches } from '../../../oci/digest.ts';
import { isSignpostError, SignpostError } from '../../../oci/errors.ts';
import { type ListEntries, manifestLimit, parseListEntries } from '../../../oci/manifest.ts';
import { mediaTypes } from '../../../oci/media-types.ts';
import { makeList } from '../../../oci/write-list.ts';
import type { ImageSource, SourceManifest } from '../../../ports/image-source.ts';
import { readJson, readWhole, type SourceFiles } from '../source-files.ts';
import { createLayoutReferrers } from './layout-referrers.ts';
import type { LayoutRoot } from './layout-root.ts';

const layoutFileLimit = 4096;

/** How a layout is read, and which of its images. */
export interface LayoutSourceOptions {
  readonly name: string;
  readonly files: SourceFiles;
  /** Ends whatever the source is doing. */
  readonly signal: AbortSignal;
  readonly chooseRoot: (index: ListEntries, signal: AbortSignal) => Promise<LayoutRoot>;
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

  const root = async (): Promise<SourceManifest> => {
    await checkLayoutFile(files, ended);
    const { bytes, index } = await readIndex(files, ended);
    const chosen = await chooseRoot(index, ended);
    if (chosen.kind === 'entries') {
      const isWhole = chosen.entries.length === index.entries.length && index.passed.length === 0;
      return { bytes: isWhole ? bytes : makeList(bytes, chosen.entries), mediaType: index.list.mediaType };
    }
    const { digest, mediaType, platform } =
      chosen.kind === 'entry' ? chosen.descriptor : { digest: chosen.digest };
    return { bytes: await readLayoutManifest(files, digest, ended), mediaType, platform };
  };

  return {
    name,
    root,
    manifest: async ({ digest }) => ({
      bytes: await readWhole(files, blobPath(digest), manifestLimit, ended),
      mediaType: undefined,
    }),
    blob: ({ digest }: Descriptor, offset, signal) =>
      files.openForCopy(blobPath(digest), offset, AbortSignal.any([signal, ended])),
    holds: ({ digest }) => files.has(blobPath(digest)),
    referrers: createLayoutReferrers(
      files.path,
      (digest) => readLayoutManifest(files, digest, ended),
      async () => (await readIndex(files, ended)).index.entries,
    ),
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

/** index.json, with its bytes. @throws SignpostError NOT_FOUND, SOURCE_INVALID, LIMIT_EXCEEDED */
export async function readIndex(
  files: SourceFiles,
  signal: AbortSignal,
): Promise<{ readonly bytes: Uint8Array; readonly index: ListEntries }> {
  const bytes = await readWhole(files, 'index.json', manifestLimit, signal);
  try {
    return { bytes, index: parseListEntries(bytes, mediaTypes.ociIndex) };
  } catch (cause) {
    throw new SignpostError(
      'SOURCE_INVALID',
      `${files.path}: index.json: ${bytes.length === 0 ? 'it is empty' : (cause as Error).message}`,
      { cause },
    );
  }
}

/**
 * A manifest whose digest nobody else can check, since nobody else knows it.
 * @throws SignpostError NOT_FOUND, SOURCE_INVALID, LIMIT_EXCEEDED
 */
export async function readLayoutManifest(
  files: SourceFiles,
  digest: Digest,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const bytes = await readWhole(files, blobPath(digest), manifestLimit, signal);
  if (digestMatches(digest, bytes)) return bytes;
  throw new SignpostError(
    'SOURCE_INVALID',
    `${files.path}: ${blobPath(digest)} does not have the digest in its name`,
  );
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
    `${files.path}: oci-layout names the version ${describeValue(version)}: expected "imageLayoutVersion": "1.0.0"`,
  );
}
