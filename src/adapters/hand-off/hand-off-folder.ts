import { constants } from 'node:fs';
import { lstat, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { HandOffPlace, HandOffRequests, RequestFile } from '../../ports/hand-off-folder.ts';
import { approvalLimit, parseApproval } from '../../trust/hand-off/approval.ts';
import { requestLimits } from '../../trust/hand-off/signing-request.ts';
import type { Digest } from '../../oci/digest.ts';
import { SignpostError, isSignpostError } from '../../oci/errors.ts';
import { isAbsent, makeFolder } from '../files/atomic-file.ts';
import { moveAside, remove, writeReasons } from '../files/move-aside.ts';
import { splitLines } from '../files/read-lines.ts';
import { errorCode, storageError } from '../files/storage-error.ts';

/** Names that begin with a dot are somebody's unfinished business. */
const requestName = /^[A-Za-z0-9][A-Za-z0-9._+-]{0,180}\.request$/;
const approvalName = /^[A-Za-z0-9][A-Za-z0-9._+-]{0,220}\.approval$/;
/** What somebody has put there for the signer, and the signer passes over. */
const otherName = /^(?!\.)(?![A-Za-z0-9][A-Za-z0-9._+-]{0,220}\.(?:request|approval)$)/;
const ignoredLimit = 100;
/** What is looked at in one go. */
const filesLimit = 10_000;
const approvalsLimit = 1000;

const places: readonly HandOffPlace[] = ['in', 'waiting', 'refused', 'done'];

/**
 * The folder of an unattended signer: `in`, `waiting`, `refused` and `done`, which are made when they are not there.
 * @throws SignpostError STORAGE
 */
export async function openHandOffFolder(folder: string): Promise<HandOffRequests> {
  for (const place of places) await makeFolder(join(folder, place), 'umask');
  return {
    async list() {
      const files: RequestFile[] = [];
      const ignored = [...(await namesIn(join(folder, 'in'), otherName, ignoredLimit))];
      for (const place of ['in', 'waiting'] as const) {
        for (const name of await namesIn(join(folder, place), requestName, filesLimit)) {
          const found = await lookAt(join(folder, place, name));
          if (found === 'other') ignored.push(name);
          else if (found !== undefined) files.push({ place, name, ...found });
        }
      }
      return { files, ignored };
    },
    read: ({ place, name }) => readRegular(join(folder, place, name)),
    async move({ place, name }, to, reasons) {
      const path = await moveAside(join(folder, place, name), join(folder, to));
      await writeReasons(path, reasons);
      // In "in" nobody's reasons are ours.
      if (place === 'waiting' && to !== 'waiting') await remove(`${join(folder, place, name)}.reason`);
    },
    approvals: async () => (await findApprovals(folder)).map(({ bytes }) => bytes),
    async forgetApprovals(request) {
      for (const { path, bytes } of await findApprovals(folder)) {
        if (requestOf(bytes) === request) await remove(path);
      }
    },
  };
}

async function namesIn(folder: string, pattern: RegExp, limit: number): Promise<readonly string[]> {
  try {
    const names = await readdir(folder);
    return names
      .filter((name) => pattern.test(name))
      .sort()
      .slice(0, limit);
  } catch (cause) {
    throw storageError(`read the folder ${folder}`, cause);
  }
}

/** Undefined for what is gone. A link or a pipe is no request. */
async function lookAt(path: string): Promise<{ size: number; written: number } | 'other' | undefined> {
  try {
    const found = await lstat(path);
    return found.isFile() ? { size: found.size, written: found.mtimeMs } : 'other';
  } catch (cause) {
    if (isAbsent(cause)) return undefined;
    throw storageError(`look at ${path}`, cause);
  }
}

// Whoever may write into the folder could put a link to another file, or a pipe, in the place of what was looked at.
async function* readRegular(path: string): AsyncGenerator<Uint8Array> {
  const file = await openRegular(path);
  try {
    yield* splitLines(
      file.createReadStream({ autoClose: false, highWaterMark: 1024 * 1024 }),
      requestLimits.line,
      path,
    );
  } finally {
    await file.close();
  }
}

async function openRegular(path: string) {
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    if ((await file.stat()).isFile()) return file;
    await file.close();
  } catch (cause) {
    if (isAbsent(cause)) throw new SignpostError('NOT_FOUND', `there is no file ${path}`, { cause });
    if (errorCode(cause) !== 'ELOOP') throw storageError(`read ${path}`, cause);
  }
  throw new SignpostError('REQUEST_INVALID', `${path} is not a regular file`);
}

async function findApprovals(folder: string) {
  const found: { readonly path: string; readonly bytes: Uint8Array }[] = [];
  for (const place of ['in', 'waiting'] as const) {
    for (const name of await namesIn(join(folder, place), approvalName, approvalsLimit)) {
      const path = join(folder, place, name);
      const file = await lookAt(path);
      if (file === undefined || file === 'other' || file.size > approvalLimit) continue;
      try {
        found.push({ path, bytes: await readShort(path) });
      } catch (error) {
        // It is gone, or grew: an approval that cannot be read is none.
        if (!isSignpostError(error)) throw error;
      }
    }
  }
  return found;
}

async function readShort(path: string): Promise<Uint8Array> {
  await using file = await openRegular(path);
  const buffer = Buffer.alloc(approvalLimit);
  try {
    return buffer.subarray(0, (await file.read(buffer, 0, approvalLimit, 0)).bytesRead);
  } catch (cause) {
    throw storageError(`read ${path}`, cause);
  }
}

function requestOf(bytes: Uint8Array): Digest | undefined {
  try {
    return parseApproval(bytes).request;
  } catch {
    return undefined;
  }
}
