import { extname } from 'node:path';
import type { LayerUnpacker, UnpackedLayer, UnpackOptions } from '../../ports/layer-unpacker.ts';
import { statIfThere } from '../files/atomic-file.ts';
import { blobPath, stagingPaths } from '../tree/tree-paths.ts';
import { runInThread } from '../process/run-in-thread.ts';
import { unpackFile } from './unpack-file.ts';
import type { UnpackingInput } from './unpacking-thread.ts';

// Up to here, starting a thread takes longer than the work.
const smallSize = 4 * 1024 * 1024;

/**
 * Unpacks layers of the staging area and the tree, large ones in threads of their own: they come on top of copying, which
 * keeps one processor busy by itself.
 */
export function createFileLayerUnpacker(folders: {
  readonly staging: string;
  readonly tree: string;
}): LayerUnpacker {
  const staging = stagingPaths(folders.staging);
  return {
    unpack: async (digest, from, options) => {
      const path = from === 'staging' ? staging.blob(digest) : blobPath(folders.tree, from, digest);
      const size = statIfThere(path)?.size ?? 0;
      return size <= smallSize
        ? unpackFile(path, options.limit, options.signal)
        : unpackInThread(path, options);
    },
  };
}

function unpackInThread(path: string, { limit, signal }: UnpackOptions): Promise<UnpackedLayer> {
  // Compiled code has another extension, and no compiler looks into this name.
  const program = new URL(`./unpacking-thread${extname(import.meta.filename)}`, import.meta.url);
  const input: UnpackingInput = { path, limit };
  return runInThread(program, input, `unpack ${path}`, signal);
}
