import { readSmallFile } from '../../adapters/files/small-file.ts';
import { type SealKey, parseSealKey, sealKeyLimit } from '../../trust/hand-off/seal.ts';

/**
 * The public key in a PEM file.
 * @throws SignpostError CONFIG_INVALID, NOT_FOUND, LIMIT_EXCEEDED, STORAGE
 */
export async function readSealKey(path: string): Promise<SealKey> {
  return parseSealKey(Buffer.from(await readSmallFile(path, sealKeyLimit)).toString('latin1'), path);
}
