import { SignpostError } from '../oci/errors.ts';

const advice: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full: free some space, then run the command again; what was copied is kept',
  EDQUOT: 'the disk quota is used up: free some space, then run the command again; what was copied is kept',
  EROFS: 'the file system is mounted read-only: mount it for writing',
  EACCES: 'permission denied: run as the user that owns the data folder',
  EPERM: 'operation not permitted: run as the user that owns the data folder',
  EMFILE: 'too many open files: raise the limit (ulimit -n)',
  ENFILE: 'the system has too many open files',
  EIO: 'the disk reported an error: check it before anything else',
  EISDIR: 'there is a folder where a file should be: remove it',
  ENOTDIR: 'there is a file where a folder should be: remove it',
  EEXIST: 'there is a file where a folder should be: remove it',
};

/** What a system call threw, as a SignpostError STORAGE whose message says what to do. `doing` reads "cannot <doing>". */
export function storageError(doing: string, cause: unknown): SignpostError {
  if (cause instanceof SignpostError) return cause;
  const code = errorCode(cause);
  const text = (code === undefined ? undefined : advice[code]) ?? (cause as Error).message;
  return new SignpostError('STORAGE', `cannot ${doing}: ${text}`, { cause });
}

/** The system's name for an error, such as "ENOENT". */
export function errorCode(error: unknown): string | undefined {
  const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : undefined;
  return typeof code === 'string' ? code : undefined;
}
