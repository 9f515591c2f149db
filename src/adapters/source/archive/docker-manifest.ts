import { z } from 'zod';
import { quote } from '../../../oci/digest.ts';
import { SignpostError } from '../../../oci/errors.ts';
import { manifestLimit } from '../../../oci/manifest.ts';
import { readJson, type SourceFiles } from '../source-files.ts';
import { sameImageName } from './image-name.ts';

const path = z.string().max(512);
const itemSchema = z.object({
  Config: path,
  RepoTags: z.array(path).max(1000).nullish(),
  Layers: z.array(path).max(1000).nullish(),
});
const manifestSchema = z.array(itemSchema).max(1000);

/** One image of a `docker save` archive, as its manifest.json lists it: names of entries. */
export interface DockerArchiveImage {
  readonly config: string;
  readonly tags: readonly string[];
  readonly layers: readonly string[];
}

/**
 * Reads manifest.json and chooses the image that `ref` names, or the only one.
 * @throws SignpostError SOURCE_INVALID, NOT_FOUND
 */
export async function readDockerManifest(
  files: SourceFiles,
  ref: string | undefined,
  signal: AbortSignal,
): Promise<DockerArchiveImage> {
  const value = await readJson(files, 'manifest.json', manifestLimit, signal);
  const result = manifestSchema.safeParse(value);
  if (!result.success) {
    const [issue] = result.error.issues;
    throw new SignpostError(
      'SOURCE_INVALID',
      `${files.path}: manifest.json: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'damaged'}`,
    );
  }
  const images = result.data.map(({ Config: config, RepoTags, Layers }) => ({
    config,
    tags: RepoTags ?? [],
    layers: Layers ?? [],
  }));
  return chooseImage(images, ref, files.path);
}

function chooseImage(
  images: readonly DockerArchiveImage[],
  ref: string | undefined,
  path: string,
): DockerArchiveImage {
  const found =
    ref === undefined ? images : images.filter(({ tags }) => tags.some((tag) => sameImageName(tag, ref)));
  const [first, second] = found;
  const tags = images.flatMap((image) => image.tags).slice(0, 20);
  const has = tags.length === 0 ? '' : ` (it has ${tags.map(quote).join(', ')})`;
  if (first === undefined) {
    const what = ref === undefined ? 'no image' : `no image ${quote(ref)}`;
    throw new SignpostError('NOT_FOUND', `${path} holds ${what}${has}`);
  }
  if (second === undefined) return first;
  throw new SignpostError('SOURCE_INVALID', `${path} holds ${found.length} images: name one of them${has}`);
}
