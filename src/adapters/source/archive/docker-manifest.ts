import { z } from 'zod';
import { quote } from '../../../oci/digest.ts';
import { SignpostError } from '../../../oci/errors.ts';
import { manifestLimit } from '../../../oci/manifest.ts';
import { readJson, type SourceFiles } from '../source-files.ts';
import { plainName } from './entry-name.ts';
import { sameImageName } from '../layout/image-name.ts';

const name = z.string().min(1).max(512);
const itemSchema = z.object({
  Config: name,
  RepoTags: z.array(z.string().max(512)).max(1000).nullish(),
  Layers: z.array(name).max(100_000).nullish(),
});
const manifestSchema = z.array(itemSchema).max(1000);

const expectations: Readonly<Record<string, string>> = {
  Config: 'the name of an entry',
  RepoTags: 'a list of image names',
  Layers: 'a list of names of entries',
};

/** One image of a `docker save` archive, as its manifest.json lists it: names of entries. */
export interface DockerArchiveImage {
  readonly config: string;
  readonly tags: readonly string[];
  readonly layers: readonly string[];
}

/** Which of an archive's images: by one of its names, or by its position. Neither: there is only one. */
export interface ArchiveSelector {
  readonly ref?: string;
  readonly position?: number;
}

/**
 * Reads manifest.json and chooses an image.
 * @throws SignpostError SOURCE_INVALID, NOT_FOUND
 */
export async function readDockerManifest(
  files: SourceFiles,
  selector: ArchiveSelector,
  signal: AbortSignal,
): Promise<DockerArchiveImage> {
  const value = await readJson(files, 'manifest.json', manifestLimit, signal);
  const result = manifestSchema.safeParse(value);
  if (!result.success) {
    throw new SignpostError(
      'SOURCE_INVALID',
      `${files.path}: ${describeIssue(value, result.error.issues[0]?.path ?? [])}`,
    );
  }
  const images = result.data.map(({ Config, RepoTags, Layers }) => ({
    config: plainName(Config),
    tags: RepoTags ?? [],
    layers: (Layers ?? []).map(plainName),
  }));
  return chooseImage(images, selector, files.path);
}

/** Where manifest.json is not what it should be, what is there, and what was expected. */
function describeIssue(value: unknown, path: readonly PropertyKey[]): string {
  let found = value;
  for (const key of path) found = (found as Readonly<Record<PropertyKey, unknown>> | undefined)?.[key];
  const place = path.map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)).join('');
  const key = path.findLast((part) => typeof part === 'string');
  const expected =
    path.length === 0
      ? 'a list of images, as "docker save" writes it'
      : (expectations[key ?? ''] ?? 'an object with "Config", "RepoTags" and "Layers"');
  return `manifest.json${place} is ${found === undefined ? 'missing' : quote(found)}: expected ${expected}`;
}

function chooseImage(
  images: readonly DockerArchiveImage[],
  { ref, position }: ArchiveSelector,
  path: string,
): DockerArchiveImage {
  const found = images.filter(
    ({ tags }, index) =>
      (position === undefined || index === position) &&
      (ref === undefined || tags.some((tag) => sameImageName(tag, ref))),
  );
  const [first, second] = found;
  const tags = images.flatMap((image) => image.tags).slice(0, 20);
  const has = tags.length === 0 ? '' : ` (it has ${tags.map(quote).join(', ')})`;
  if (first === undefined) {
    const named = ref === undefined ? '' : ` ${quote(ref)}`;
    const at = position === undefined ? '' : ` at position ${position}: there are ${images.length}`;
    throw new SignpostError('NOT_FOUND', `${path} holds no image${named}${at}${has}`);
  }
  if (second === undefined) return first;
  throw new SignpostError(
    'SOURCE_INVALID',
    `${path} holds ${found.length} images: name one of them, or its position as in ":@0"${has}`,
  );
}
