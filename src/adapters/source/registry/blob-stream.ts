import type { Descriptor } from '../../../oci/descriptor.ts';
import { quote } from '../../../oci/digest.ts';
import { SignpostError } from '../../../oci/errors.ts';
import { readBody } from './body.ts';
import { isPassing } from './network-error.ts';
import type { RegistryClient } from './registry-client.ts';
import type { Answer } from './transport.ts';

export interface BlobStreamDeps {
  readonly client: RegistryClient;
  /** The blob's path on the registry. */
  readonly path: string;
  /** Milliseconds that the peer may be silent. */
  readonly idle: number;
  /** How often a broken stream is taken up again. */
  readonly resumes: number;
}

/**
 * Opens a blob from `offset` on. A stream that breaks is taken up again where it broke, through the registry and its
 * redirect, so that another server may go on.
 * @throws SignpostError SOURCE_INVALID when the registry cannot start at the offset, and what the client throws
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
  first: Answer,
): AsyncGenerator<Uint8Array, void, undefined> {
  let position = offset;
  let answer = first;
  for (let failures = 1; ; failures++) {
    try {
      for await (const piece of readBody(answer, deps.idle, signal)) {
        position += piece.length;
        if (position > blob.size) throw tooLong(answer, blob);
        yield piece;
      }
      if (position >= blob.size) return;
      throw new SignpostError(
        'UNAVAILABLE',
        `blob ${blob.digest} from ${answer.url.host} ends after ${position} of ${blob.size} bytes`,
        { cause: { code: 'ECONNRESET' } },
      );
    } catch (error) {
      if (!isPassing(error) || failures > deps.resumes) throw error;
      await deps.client.pause(failures, signal);
      answer = await openAt(deps, blob, position, signal);
    }
  }
}

async function openAt(
  { client, path }: BlobStreamDeps,
  blob: Descriptor,
  offset: number,
  signal: AbortSignal,
): Promise<Answer> {
  const headers = offset === 0 ? {} : { Range: `bytes=${offset}-` };
  const answer = await client.get(path, headers, signal, `blob ${blob.digest}`);
  checkAnswer(answer, blob, offset);
  return answer;
}

function checkAnswer(answer: Answer, blob: Descriptor, offset: number): void {
  const { headers } = answer.message;
  const encoding = headers['content-encoding'];
  const problem =
    encoding !== undefined && encoding !== 'identity'
      ? `is sent with Content-Encoding ${quote(encoding)}, which changes its bytes`
      : offset === 0
        ? checkWhole(answer, blob)
        : checkPart(answer, blob, offset);
  if (problem === undefined) return;
  answer.message.destroy();
  throw new SignpostError('SOURCE_INVALID', `blob ${blob.digest} from ${answer.url.host} ${problem}`);
}

function checkWhole({ status, message }: Answer, { size }: Descriptor): string | undefined {
  if (status !== 200) return `is answered with status ${status} although no range was asked for`;
  const length = message.headers['content-length'];
  return length === undefined || Number(length) === size
    ? undefined
    : `has ${quote(length)} bytes; its descriptor says ${size}`;
}

// RFC 9110, section 14.4. A server may send less than was asked for, never something else.
function checkPart({ status, message }: Answer, { size }: Descriptor, offset: number): string | undefined {
  if (status === 200) return 'comes from a server that cannot start in the middle';
  const range = message.headers['content-range'];
  const [, start, end, total] = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15}|\*)$/.exec(range ?? '') ?? [];
  const fits = Number(start) === offset && Number(end) < size && (total === '*' || Number(total) === size);
  return fits ? undefined : `was asked for from byte ${offset} of ${size} on and comes as ${quote(range)}`;
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
