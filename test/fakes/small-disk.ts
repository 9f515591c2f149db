import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A file system of its own, to be filled up. */
export interface SmallDisk extends AsyncDisposable {
  readonly path: string;
}

/** Mounts a tmpfs of `kibibytes`; undefined where that is not allowed. */
export async function mountSmallDisk(kibibytes: number): Promise<SmallDisk | undefined> {
  const path = await mkdtemp(join(tmpdir(), 'signpost-disk-'));
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${kibibytes}k`, 'signpost-test', path]);
  const remove = () => rm(path, { recursive: true, force: true });
  if (mounted.status !== 0) {
    await remove();
    return undefined;
  }
  return {
    path,
    [Symbol.asyncDispose]: async () => {
      spawnSync('umount', ['--lazy', path]);
      await remove();
    },
  };
}

/** The name under which tests that need one are skipped. */
export const noSmallDisk = 'needs to mount a tmpfs, which only root may do';
