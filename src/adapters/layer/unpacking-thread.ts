import { parentPort, workerData } from 'node:worker_threads';
import { isSignpostError } from '../../oci/errors.ts';
import { unpackFile } from './unpack-file.ts';

// The whole of a thread that unpacks one layer and ends (file-layer-unpacker.ts).
const { path, limit } = workerData as { readonly path: string; readonly limit: number };
try {
  parentPort?.postMessage({ layer: await unpackFile(path, limit) }, []);
} catch (error) {
  const code = isSignpostError(error) ? error.code : 'STORAGE';
  parentPort?.postMessage({ code, message: (error as Error).message }, []);
}
