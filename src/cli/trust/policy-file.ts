import { type ErrorCode, SignpostError, isSignpostError } from '../../oci/errors.ts';

/** What reading a file ends with when the file is missing, too large, or not to be read. */
const fileFaults: readonly ErrorCode[] = ['NOT_FOUND', 'LIMIT_EXCEEDED', 'STORAGE', 'DENIED'];

/**
 * Has what is wrong with a file said as a fault of `policy`, which names the file: it is found before anything is asked
 * of a registry or signed, and is no missing image.
 * @throws SignpostError CONFIG_INVALID, and whatever else `read` throws
 */
export async function forPolicy<T>(policy: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    if (!fileFaults.some((code) => isSignpostError(cause, code))) throw cause;
    throw new SignpostError('CONFIG_INVALID', `the policy ${policy}: ${(cause as Error).message}`, { cause });
  }
}
