import type { Descriptor } from '../../../oci/descriptor.ts';
import { isSignpostError, SignpostError } from '../../../oci/errors.ts';
import {
  type ImageManifest,
  type ListEntries,
  parseListEntries,
  parseManifest,
} from '../../../oci/manifest.ts';
import { isListType } from '../../../oci/media-types.ts';
import { isNamed } from '../layout/layout-root.ts';
import { blobPath, readLayoutManifest } from '../layout/layout-source.ts';
import type { SourceFiles } from '../source-files.ts';
import type { DockerArchiveImage } from './docker-manifest.ts';

// Of lists inside lists, and of the manifests in all of them.
const depthLimit = 4;
const manifestsLimit = 1024;

/**
 * The entry of index.json that is the image which manifest.json has: the one with its name, or the one with its config.
 * Undefined where index.json knows nothing of it. Both have to say the same of its layers: tools read the one or the other.
 * @throws SignpostError SOURCE_INVALID when they do not agree, CANCELLED, STORAGE
 */
export async function findArchiveEntry(
  files: SourceFiles,
  { entries }: ListEntries,
  image: DockerArchiveImage,
  signal: AbortSignal,
): Promise<Descriptor | undefined> {
  const budget = { left: manifestsLimit };
  const read = (descriptor: Descriptor) => readImages(files, descriptor, signal, budget, depthLimit);
  const named = entries.filter(({ descriptor }) => image.tags.some((tag) => isNamed(descriptor, tag)));
  for (const { descriptor } of [...named, ...entries.filter((entry) => !named.includes(entry))]) {
    const found = (await read(descriptor)).find(({ config }) => blobPath(config.digest) === image.config);
    if (found === undefined) continue;
    checkLayers(files.path, descriptor, found, image);
    return descriptor;
  }
  const [first] = named;
  if (first === undefined) return undefined;
  throw new SignpostError(
    'SOURCE_INVALID',
    `${files.path}: manifest.json and index.json do not agree: the image ${first.descriptor.digest} has its name, but ` +
      `not its config, ${image.config}. Save the image again`,
  );
}

/** The image manifests from `descriptor` down that can be read; those that cannot are not the ones looked for. */
async function readImages(
  files: SourceFiles,
  { digest, mediaType }: Descriptor,
  signal: AbortSignal,
  budget: { left: number },
  depth: number,
): Promise<readonly ImageManifest[]> {
  if (depth === 0 || budget.left-- <= 0) return [];
  try {
    const bytes = await readLayoutManifest(files, digest, signal);
    if (!isListType(mediaType)) {
      const manifest = parseManifest(bytes, mediaType);
      return manifest.kind === 'image' ? [manifest] : [];
    }
    const found: ImageManifest[] = [];
    for (const below of parseListEntries(bytes, mediaType).entries) {
      found.push(...(await readImages(files, below.descriptor, signal, budget, depth - 1)));
    }
    return found;
  } catch (error) {
    if (!isSignpostError(error) || error.code === 'CANCELLED' || error.code === 'STORAGE') throw error;
    return [];
  }
}

function checkLayers(
  path: string,
  { digest }: Descriptor,
  { layers }: ImageManifest,
  image: DockerArchiveImage,
): void {
  const disagree = (detail: string) =>
    new SignpostError(
      'SOURCE_INVALID',
      `${path}: manifest.json and index.json do not agree on the layers of ${digest}: ${detail}. Save the image again`,
    );
  if (layers.length !== image.layers.length) {
    throw disagree(`manifest.json names ${image.layers.length}, the manifest ${layers.length}`);
  }
  for (const [index, layer] of layers.entries()) {
    const entry = image.layers[index] ?? '';
    // Entries with other names are compared by their content, with the config that both have.
    if (!/^blobs\/sha256\/[0-9a-f]{64}$/.test(entry) || entry === blobPath(layer.digest)) continue;
    throw disagree(`layers[${index}] is ${entry} in manifest.json, and ${layer.digest} in the manifest`);
  }
}
