import { answerInThread } from '../process/run-in-thread.ts';
import { unpackFile } from './unpack-file.ts';

// The whole of a thread that unpacks one layer (file-layer-unpacker.ts).
await answerInThread(({ path, limit }: UnpackingInput) => unpackFile(path, limit));

export interface UnpackingInput {
  readonly path: string;
  readonly limit: number;
}
