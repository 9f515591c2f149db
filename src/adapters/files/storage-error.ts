import { accessSync, constants, existsSync, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { SignpostError } from '../../oci/errors.ts';

const advice: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full: free some space, then run the command again; what was copied is kept',
  EDQUOT: 'the disk quota is used up: free some space, then run the command again; what was copied is kept',
  EROFS: 'the file system is mounted read-only: mount it for writing',
  EACCES: 'permission denied: run as the user that owns the folder',
  EPERM: 'operation not permitted: run as the user that owns the folder',
  EMFILE: 'too many open files: raise the limit (ulimit -n)',
  ENFILE: 'the system has too many open files',
  EPIPE: 'whoever reads the output has closed it',
  EFBIG: 'the file is larger than the file system or the limits of this process allow (ulimit -f)',
  EIO: 'the disk reported an error: check it before anything else',
  EISDIR: 'there is a folder where a file should be: remove it',
  ENOTDIR: 'there is a file where a folder should be: remove it',
  EEXIST: 'there is a file where a folder should be: remove it',
};

/** By the low byte of SQLite's result codes (https://sqlite.org/rescode.html). */
const databaseAdvice: Readonly<Record<number, string>> = {
  3: advice.EACCES ?? '',
  5: 'another process is writing to the same database and has not finished: try again',
  6: 'another process is writing to the same database and has not finished: try again',
  8: 'the database cannot be written: its file system is mounted read-only, or it belongs to another user',
  10: advice.EIO ?? '',
  11: 'the database is damaged: put a copy of it back (docs/backup.md)',
  13: advice.ENOSPC ?? '',
  14: 'the database cannot be opened: look at who owns it, at its folder and at the disk',
  26: 'it is no SQLite database: put a copy of it back (docs/backup.md)',
};
const busy = 5;
const locked = 6;

/**
 * What a system call or SQLite threw, as a SignpostError STORAGE (LOCKED for a database that others keep busy) whose
 * message says what to do. `doing` reads "cannot <doing>".
 * @param file the database, of which SQLite says only that it cannot be opened or written
 */
export function storageError(doing: string, cause: unknown, file?: string): SignpostError {
  if (cause instanceof SignpostError) return cause;
  const result = databaseResult(cause);
  const code = result === undefined || file === undefined ? errorCode(cause) : problemWith(file);
  const text =
    (code === undefined ? undefined : advice[code]) ??
    (result === undefined ? undefined : databaseAdvice[result]) ??
    (cause as Error).message;
  const kind = result === busy || result === locked ? 'LOCKED' : 'STORAGE';
  return new SignpostError(kind, `cannot ${doing}: ${text}`, { cause });
}

/** The low byte of what SQLite calls the error; undefined for errors of other kinds. */
export function databaseResult(error: unknown): number | undefined {
  const code: unknown = error instanceof Error ? Reflect.get(error, 'errcode') : undefined;
  return typeof code === 'number' ? code & 0xff : undefined;
}

/** Why the system would not let a database be written, if it would not. */
function problemWith(file: string): string | undefined {
  try {
    accessSync(dirname(file), constants.W_OK | constants.X_OK);
    if (existsSync(file)) accessSync(file, constants.R_OK | constants.W_OK);
    const { bavail } = statfsSync(dirname(file));
    return bavail === 0 ? 'ENOSPC' : undefined;
  } catch (error) {
    return errorCode(error);
  }
}

/** The system's name for an error, such as "ENOENT". */
export function errorCode(error: unknown): string | undefined {
  const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : undefined;
  return typeof code === 'string' ? code : undefined;
}
