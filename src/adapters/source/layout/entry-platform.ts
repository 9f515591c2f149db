import type { Descriptor } from '../../../oci/descriptor.ts';
import { isSignpostError } from '../../../oci/errors.ts';
import { parseImageConfig } from '../../../oci/image-config.ts';
import { manifestLimit, parseManifest } from '../../../oci/manifest.ts';
import type { Platform } from '../../../oci/platform.ts';
import { readWhole, type SourceFiles } from '../source-files.ts';
import { blobPath, readLayoutManifest } from './layout-source.ts';

/**
 * The platform in the config of an image that a layout holds. What cannot be read has none: it is read again, and
 * refused, if it is what is chosen.
 * @throws SignpostError CANCELLED, STORAGE
 */
export async function readEntryPlatform(
  files: SourceFiles,
  { digest, mediaType }: Descriptor,
  signal: AbortSignal,
): Promise<Platform | undefined> {
  try {
    const manifest = parseManifest(await readLayoutManifest(files, digest, signal), mediaType);
    if (manifest.kind === 'list') return undefined;
    const config = await readWhole(files, blobPath(manifest.config.digest), manifestLimit, signal);
    return parseImageConfig(manifest, config)?.platform;
  } catch (error) {
    if (!isSignpostError(error) || error.code === 'CANCELLED' || error.code === 'STORAGE') throw error;
    return undefined;
  }
}
