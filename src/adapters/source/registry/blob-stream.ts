import type { Descriptor } from '../../../oci/descriptor.ts';
import { SignpostError } from '../../../oci/errors.ts';
import { isPassing, passingError } from '../../http-client/network-error.ts';
import type { Patience } from '../../http-client/patience.ts';
import { discardBody, readBody } from '../../http-client/read-body.ts';
import type { Answer } from '../../http-client/transport.ts';
import { checkBlobAnswer } from './check-blob-answer.ts';
import type { RegistryClient } from './registry-client.ts';

export interface BlobStreamDeps {
  readonly client: RegistryClient;
  /** The blob's path on the registry. */
  readonly path: string;
  readonly patience: Patience;
  /** How often a broken stream is taken up again without having come further. */
  readonly resumes: number;
}

/** An answer with the blob from some byte on. */
interface Opened {
  readonly answer: Answer;
  readonly start: number;
}

/** Whoever brings this much before the connection breaks has not failed, in bytes. */
const progressLeast = 1024 * 1024;

/**
 * Opens a blob from `offset` on. A stream that breaks is taken up again where it broke, through the registry and its
 * redirect, so that another server may go on. A server that cannot start in the middle sends everything again; what is
 * here already is passed over.
 * @throws SignpostError SOURCE_INVALID when the registry sends something else, and what the client throws
 */
export async function openBlobStream(
  deps: BlobStreamDeps,
  blob: Descriptor,
  offset: number,
  signal: AbortSignal,
): Promise<AsyncIterable<Uint8Array>> {
  // There is no range of nothing.
  if (offset >= blob.size && offset > 0) return noBytes();
  return stream(deps, blob, offset, signal, await openAt(deps, blob, offset, signal));
}

async function* stream(
  deps: BlobStreamDeps,
  blob: Descriptor,
  offset: number,
  signal: AbortSignal,
  first: Opened,
): AsyncGenerator<Uint8Array, void, undefined> {
  let position = offset;
  let opened = first;
  for (let failures = 1; ; failures++) {
    const { answer, start } = opened;
    const before = position;
    let at = start;
    try {
      for await (const piece of readBody(answer, deps.patience, signal)) {
        const skipped = Math.min(piece.length, Math.max(0, position - at));
        at += piece.length;
        if (at > blob.size) throw tooLong(answer, blob);
        if (skipped === piece.length) continue;
        position = at;
        yield piece.subarray(skipped);
      }
      if (position >= blob.size) return;
      throw passingError(
        `blob ${blob.digest} from ${answer.url.host} ends after ${position} of ${blob.size} bytes`,
      );
    } catch (error) {
      // Who sends everything again each time must not do so for each piece.
      if (start > 0 && position - before >= progressLeast) failures = 1;
      if (!isPassing(error) || failures > deps.resumes) throw error;
      await deps.client.pause(failures, signal);
      opened = await openAt(deps, blob, position, signal);
    }
  }
}

async function openAt(
  deps: BlobStreamDeps,
  blob: Descriptor,
  offset: number,
  signal: AbortSignal,
): Promise<Opened> {
  const get = (headers: Readonly<Record<string, string>>) =>
    deps.client.get(deps.path, headers, signal, `blob ${blob.digest}`);
  const answer = await get(offset === 0 ? {} : { Range: `bytes=${offset}-` });
  if (answer.status !== 416) return { answer, start: checkBlobAnswer(answer, blob, offset) };
  discardBody(answer.message);
  // It knows no such range. What it says of all of its file tells why.
  const whole = await get({});
  return { answer: whole, start: checkBlobAnswer(whole, blob, 0) };
}

function tooLong({ url }: Answer, blob: Descriptor): SignpostError {
  return new SignpostError(
    'SOURCE_INVALID',
    `blob ${blob.digest} from ${url.host} has more than the ${blob.size} bytes that its descriptor says`,
  );
}

async function* noBytes(): AsyncGenerator<Uint8Array, void, undefined> {
  // Nothing is left to read.
}
