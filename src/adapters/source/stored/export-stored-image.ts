import { isSignpostError, SignpostError } from '../../../oci/errors.ts';
import {
  type DockerArchiveName,
  type LayoutImageName,
  type StoredImageName,
  formatImageSource,
} from '../../../oci/image-source-name.ts';
import { runBounded } from '../../process/bounded-program.ts';
import { errorCode } from '../../files/storage-error.ts';
import type { TemporaryFolder } from '../temporary-folder.ts';

/** A program that can write an image of a store into a file. */
interface Exporter {
  readonly file: string;
  /** Undefined where it does not know such a name. */
  readonly args: (ref: string, target: string, dockerHost?: string) => readonly string[] | undefined;
  readonly kind: 'oci' | 'docker-archive';
}

/** `[driver@root+run]` before the name of an image is for skopeo alone. */
const isPlain = (ref: string) => !ref.startsWith('[');

// The programs that own the stores, before those that can read them: they know where a user's images are.
const exporters: Readonly<Record<StoredImageName['kind'], readonly Exporter[]>> = {
  'containers-storage': [
    {
      file: 'podman',
      args: (ref, target) =>
        isPlain(ref) ? ['save', '--format', 'oci-archive', '--output', target, '--', ref] : undefined,
      kind: 'oci',
    },
    {
      file: 'buildah',
      args: (ref, target) => (isPlain(ref) ? ['push', '--', ref, `oci-archive:${target}`] : undefined),
      kind: 'oci',
    },
    {
      file: 'skopeo',
      args: (ref, target) => ['copy', `containers-storage:${ref}`, `oci-archive:${target}`],
      kind: 'oci',
    },
  ],
  'docker-daemon': [
    {
      file: 'docker',
      args: (ref, target) => ['save', '--output', target, '--', ref],
      kind: 'docker-archive',
    },
    {
      file: 'skopeo',
      // Unlike docker itself it does not look at DOCKER_HOST.
      args: (ref, target, dockerHost) => [
        'copy',
        ...(dockerHost === undefined ? [] : ['--src-daemon-host', dockerHost]),
        `docker-daemon:${ref}`,
        `docker-archive:${target}`,
      ],
      kind: 'docker-archive',
    },
  ],
};

/** Milliseconds: as long as a large image on a slow disk may take. */
const timeout = 4 * 3600_000;
const outputLimit = 1024 * 1024;

/**
 * Has the program that owns a store write an image of it into a temporary file.
 * @returns the file as a source
 * @throws SignpostError NOT_FOUND when none of the programs is installed, DENIED when it fails, CANCELLED
 */
export async function exportStoredImage(
  name: StoredImageName,
  temporary: TemporaryFolder,
  signal: AbortSignal,
  dockerHost?: string,
): Promise<LayoutImageName | DockerArchiveName> {
  const path = await temporary.newFile('image.tar');
  const missing: string[] = [];
  for (const { file, args, kind } of exporters[name.kind]) {
    const asked = args(name.ref, path, dockerHost);
    if (asked === undefined) continue;
    try {
      await runBounded({ file, args: asked, timeout, outputLimit, signal }, undefined);
      return { kind, path };
    } catch (error) {
      if (!isMissing(error)) throw error;
      missing.push(file);
    }
  }
  throw new SignpostError(
    'NOT_FOUND',
    `${formatImageSource(name)} is read with ${missing.join(' or ')}, and there is no such program here: install it, or ` +
      `save the image to a file elsewhere and publish that`,
  );
}

function isMissing(error: unknown): boolean {
  return isSignpostError(error, 'UNAVAILABLE') && errorCode(error.cause) === 'ENOENT';
}
