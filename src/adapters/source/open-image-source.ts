import { realpath, stat } from 'node:fs/promises';
import { SignpostError } from '../../oci/errors.ts';
import {
  type DockerArchiveName,
  formatImageSource,
  type ImageSourceName,
  type LayoutImageName,
} from '../../oci/image-source-name.ts';
import type { ImageSource } from '../../ports/image-source.ts';
import { openArchiveFiles } from './archive/archive-files.ts';
import { createDockerArchiveSource } from './archive/docker-archive-source.ts';
import { readEntryPlatform } from './layout/entry-platform.ts';
import { createFolderFiles } from './layout/folder-files.ts';
import { chooseLayoutRoot } from './layout/layout-root.ts';
import { createLayoutSource } from './layout/layout-source.ts';
import { createRegistrySource } from './registry/registry-source.ts';
import { exportStoredImage } from './stored/export-stored-image.ts';
import type { SourceFiles } from './source-files.ts';
import { defaultLimits, type ImageSourceOptions } from './source-options.ts';
import { createTemporaryFolder, type TemporaryFolder } from './temporary-folder.ts';

/**
 * Opens the source that a name stands for. A compressed archive is unpacked before this returns; a registry is not
 * asked anything yet. `signal` ends the opening, and
 * whatever the source is doing later.
 * @throws SignpostError NOT_FOUND, SOURCE_INVALID, LIMIT_EXCEEDED, CONFIG_INVALID, STORAGE, CANCELLED
 */
export async function openImageSource(
  name: ImageSourceName,
  options: ImageSourceOptions,
  signal: AbortSignal = new AbortController().signal,
): Promise<ImageSource> {
  if (name.kind === 'registry') return createRegistrySource(name, options, signal);
  const temporary = createTemporaryFolder(options.temporaryFolder);
  try {
    const file = 'path' in name ? name : await exportStoredImage(name, temporary, signal, options.dockerHost);
    const source = await openFiles(file, options, temporary, signal, formatImageSource(name));
    return {
      ...source,
      close: async () => {
        await source.close();
        await temporary.remove();
      },
    };
  } catch (error) {
    await temporary.remove();
    throw error;
  }
}

async function openFiles(
  name: LayoutImageName | DockerArchiveName,
  options: ImageSourceOptions,
  temporary: TemporaryFolder,
  signal: AbortSignal,
  label: string,
): Promise<ImageSource> {
  const limits = { ...defaultLimits, ...options.limits };
  const path = await resolvePath(name.path);
  const isFolder = (await stat(path)).isDirectory();
  if (isFolder && name.kind === 'docker-archive') {
    throw new SignpostError('SOURCE_INVALID', `${name.path} is a folder: expected what "docker save" writes`);
  }
  const files: SourceFiles = isFolder
    ? createFolderFiles(path)
    : await openArchiveFiles(path, temporary, limits, signal);
  const selector = { ...name, platforms: options.platforms ?? [] };
  if (name.kind === 'oci') {
    return createLayoutSource({
      name: label,
      files,
      signal,
      chooseRoot: (index, ended) =>
        chooseLayoutRoot(index, selector, (entry) => readEntryPlatform(files, entry, ended), files.path),
    });
  }
  try {
    return await createDockerArchiveSource({
      name: label,
      files,
      selector,
      signal,
      temporary,
      layerLimit: limits.size,
    });
  } catch (error) {
    await files.close();
    throw error;
  }
}

async function resolvePath(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const missing = code === 'ENOENT' || code === 'ENOTDIR';
    throw new SignpostError(
      missing ? 'NOT_FOUND' : 'STORAGE',
      missing ? `there is no file or folder ${path}` : `cannot open ${path}: ${message}`,
      { cause },
    );
  }
}
