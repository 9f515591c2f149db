import { type DockerArchiveOptions } from './archive-options.ts';
import type { ImageSource } from '../../../ports/image-source.ts';
import { SignpostError } from '../../../oci/errors.ts';
import { readEntryPlatform } from '../layout/entry-platform.ts';
import { chooseLayoutRoot } from '../layout/layout-root.ts';
import { createLayoutSource, readIndex } from '../layout/layout-source.ts';
import { findArchiveEntry } from './archive-entry.ts';
import { readDockerManifest } from './docker-manifest.ts';
import { createLegacySource } from './legacy-source.ts';

/**
 * An image in what `docker save` writes. Since Docker 25 that is an OCI image layout as well, whose manifests are kept
 * byte for byte; older archives have no manifest of the registry's kind, so that one is made. Which image is meant, and
 * what it consists of, manifest.json says.
 */
export async function createDockerArchiveSource(options: DockerArchiveOptions): Promise<ImageSource> {
  const { name, files, selector, signal } = options;
  const isLayout = (await files.has('oci-layout')) && (await files.has('index.json'));
  if (!(await files.has('manifest.json'))) {
    if (isLayout) {
      return createLayoutSource({
        name,
        files,
        signal,
        chooseRoot: (index, ended) =>
          chooseLayoutRoot(index, selector, (entry) => readEntryPlatform(files, entry, ended), files.path),
      });
    }
    throw new SignpostError(
      'SOURCE_INVALID',
      `${files.path} has no manifest.json at its top, and so is not what "docker save" writes`,
    );
  }
  if (!isLayout) return createLegacySource(options);
  const image = await readDockerManifest(files, selector, signal);
  const { index } = await readIndex(files, signal);
  const descriptor = await findArchiveEntry(files, index, image, signal);
  // manifest.json knows an image that index.json does not.
  if (descriptor === undefined) return createLegacySource(options);
  return createLayoutSource({
    name,
    files,
    signal,
    chooseRoot: () => Promise.resolve({ kind: 'entry', descriptor }),
  });
}
