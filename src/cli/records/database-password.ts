import { readFileSync } from 'node:fs';
import { SignpostError } from '../../oci/errors.ts';

const passwordLimit = 1024;

/** @throws SignpostError CONFIG_INVALID */
export function readDatabasePassword(file: string): string {
  try {
    const text = readFileSync(file, 'utf8').replace(/\r?\n$/, '');
    if (text.length === 0 || text.length > passwordLimit || /[\r\n]/.test(text)) {
      throw new RangeError(`expected one line of at most ${passwordLimit} characters`);
    }
    return text;
  } catch (cause) {
    throw new SignpostError(
      'CONFIG_INVALID',
      `cannot read databasePasswordFile ${file}: ${(cause as Error).message}`,
      { cause },
    );
  }
}
