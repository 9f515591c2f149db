import { readSmallFile } from '../../adapters/files/small-file.ts';
import { SignpostError } from '../../oci/errors.ts';

/**
 * The first line of a file.
 * @throws SignpostError CONFIG_INVALID when it is empty, NOT_FOUND, LIMIT_EXCEEDED, STORAGE
 */
export async function readPassphrase(path: string): Promise<string> {
  const [line = ''] = Buffer.from(await readSmallFile(path, 64 * 1024))
    .toString('utf8')
    .split(/\r?\n/, 1);
  if (line !== '') return line;
  throw new SignpostError('CONFIG_INVALID', `${path} holds no passphrase: expected it in the first line`);
}
