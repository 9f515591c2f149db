import { readSmallFile } from '../../adapters/files/small-file.ts';
import { SignpostError } from '../../oci/errors.ts';

const tokenLimit = 4096;

/**
 * The token in the first line of a file.
 * @throws SignpostError CONFIG_INVALID, NOT_FOUND, LIMIT_EXCEEDED, STORAGE
 */
export async function readTokenFile(file: string): Promise<string> {
  const text = Buffer.from(await readSmallFile(file, tokenLimit)).toString('latin1');
  const [token = ''] = text.split(/\r?\n/, 1);
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  throw new SignpostError('CONFIG_INVALID', `the first line of ${file} is no token`);
}
