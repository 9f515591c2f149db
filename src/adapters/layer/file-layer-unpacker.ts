import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { type ErrorCode, SignpostError } from '../../oci/errors.ts';
import type { LayerUnpacker, UnpackedLayer, UnpackOptions } from '../../ports/layer-unpacker.ts';
import { statIfThere } from '../files/atomic-file.ts';
import { blobPath, stagingPaths } from '../tree/tree-paths.ts';
import { unpackFile } from './unpack-file.ts';

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

type Answer =
  | { readonly layer: UnpackedLayer }
  | { readonly layer?: undefined; readonly code: ErrorCode; readonly message: string };

async function unpackInThread(path: string, { limit, signal }: UnpackOptions): Promise<UnpackedLayer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  // Compiled code has another extension, and no compiler looks into this name.
  const program = new URL(`./unpacking-thread${extname(import.meta.filename)}`, import.meta.url);
  const thread = new Worker(program, { workerData: { path, limit } });
  const stop = () => reject(new SignpostError('CANCELLED', 'stopped'));
  signal.addEventListener('abort', stop);
  if (signal.aborted) stop();
  thread.on('message', resolve);
  thread.on('error', (cause) => {
    reject(new SignpostError('STORAGE', `cannot unpack ${path}: ${String(cause)}`, { cause }));
  });
  thread.on('exit', () => reject(new SignpostError('STORAGE', `unpacking ${path} ended early`)));
  try {
    const answer = await promise;
    if (answer.layer !== undefined) return answer.layer;
    throw new SignpostError(answer.code, answer.message);
  } finally {
    signal.removeEventListener('abort', stop);
    await thread.terminate();
  }
}
