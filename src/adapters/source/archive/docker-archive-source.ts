import { digestMatches, isDigest } from '../../../oci/digest.ts';
import { isSignpostError, SignpostError } from '../../../oci/errors.ts';
import {
  type ImageManifest,
  manifestLimit,
  type ManifestList,
  parseManifest,
} from '../../../oci/manifest.ts';
import type { ImageSource } from '../../../ports/image-source.ts';
import { chooseLayoutRoot, isNamed, type LayoutRoot } from '../layout/layout-root.ts';
import { blobPath, createLayoutSource } from '../layout/layout-source.ts';
import { readWhole, type SourceFiles } from '../source-files.ts';
import type { TemporaryFolder } from '../temporary-folder.ts';
import { type DockerArchiveImage, readDockerManifest } from './docker-manifest.ts';
import { createLegacySource } from './legacy-source.ts';

const candidateLimit = 256;

export interface DockerArchiveOptions {
  readonly name: string;
  readonly files: SourceFiles;
  readonly ref: string | undefined;
  /** Ends whatever the source is doing. */
  readonly signal: AbortSignal;
  readonly temporary: TemporaryFolder;
  /** Bytes of one layer after decompression. */
  readonly layerLimit: number;
}

/**
 * An image in what `docker save` writes. Since Docker 25 that is an OCI image layout as well, whose manifests are kept
 * byte for byte; older archives have no manifest of the registry's kind, so that one is made.
 */
export async function createDockerArchiveSource(options: DockerArchiveOptions): Promise<ImageSource> {
  const { name, files, ref } = options;
  if ((await files.has('oci-layout')) && (await files.has('index.json'))) {
    return createLayoutSource({
      name,
      files,
      signal: options.signal,
      chooseRoot: (index, signal) => chooseByTags(files, index, ref, signal),
    });
  }
  if (await files.has('manifest.json')) return createLegacySource(options);
  throw new SignpostError(
    'SOURCE_INVALID',
    `${files.path} has no manifest.json at its top, and so is not what "docker save" writes`,
  );
}

// The tags are in manifest.json; index.json names the same image by containerd's annotation, or by its config alone.
async function chooseByTags(
  files: SourceFiles,
  index: ManifestList,
  ref: string | undefined,
  signal: AbortSignal,
): Promise<LayoutRoot> {
  if (!(await files.has('manifest.json'))) return chooseLayoutRoot(index, ref, files.path);
  const image = await readDockerManifest(files, ref, signal);
  const named = index.manifests.filter((entry) => image.tags.some((tag) => isNamed(entry, tag)));
  const [first] = named;
  if (first !== undefined && named.every(({ digest }) => digest === first.digest)) {
    return { kind: 'entry', descriptor: first };
  }
  for (const descriptor of index.manifests.slice(0, candidateLimit)) {
    if (await hasConfig(files, descriptor, image, signal)) return { kind: 'entry', descriptor };
  }
  return chooseLayoutRoot(index, undefined, files.path);
}

async function hasConfig(
  files: SourceFiles,
  descriptor: ManifestList['manifests'][number],
  image: DockerArchiveImage,
  signal: AbortSignal,
): Promise<boolean> {
  if (!isDigest(descriptor.digest)) return false;
  let manifest: ImageManifest | ManifestList;
  try {
    const bytes = await readWhole(files, blobPath(descriptor.digest), manifestLimit, signal);
    if (!digestMatches(descriptor.digest, bytes)) return false;
    manifest = parseManifest(bytes, descriptor.mediaType);
  } catch (error) {
    // An entry that cannot be read is not the one that is looked for.
    if (isSignpostError(error, 'CANCELLED')) throw error;
    return false;
  }
  return manifest.kind === 'image' && blobPath(manifest.config.digest) === image.config;
}
