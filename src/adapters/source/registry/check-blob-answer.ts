import type { Descriptor } from '../../../oci/descriptor.ts';
import { quote } from '../../../oci/digest.ts';
import { SignpostError } from '../../../oci/errors.ts';
import type { Answer } from '../../http-client/transport.ts';

/**
 * Looks at the headers of an answer to a request for a blob from `offset` on, and returns where its body begins: at the
 * offset, or at 0 where the server sends all of it.
 * @throws SignpostError SOURCE_INVALID
 */
export function checkBlobAnswer(answer: Answer, blob: Descriptor, offset: number): number {
  const problem = checkEncoding(answer, blob, offset) ?? checkExtent(answer, blob, offset);
  if (problem === undefined) return answer.status === 206 ? offset : 0;
  answer.message.destroy();
  throw new SignpostError('SOURCE_INVALID', `blob ${blob.digest} from ${answer.url.host} ${problem}`);
}

/** Buckets say "gzip" of layers that are gzip by themselves: where the length is the blob's, so are the bytes. */
function checkEncoding(
  { status, message }: Answer,
  { size }: Descriptor,
  offset: number,
): string | undefined {
  const { 'content-encoding': encoding = 'identity', 'content-length': length } = message.headers;
  const expected = status === 206 ? size - offset : size;
  if (encoding === 'identity' || Number(length) === expected) return undefined;
  return `is sent with Content-Encoding ${quote(encoding)}, which changes its bytes`;
}

function checkExtent(answer: Answer, blob: Descriptor, offset: number): string | undefined {
  const { status, message } = answer;
  if (status === 206) return checkPart(message.headers['content-range'], blob, offset);
  const length = message.headers['content-length'];
  return length === undefined || Number(length) === blob.size
    ? undefined
    : `has ${quote(length)} bytes; its descriptor says ${blob.size}`;
}

// RFC 9110, section 14.4. A server may send less than was asked for, never something else.
function checkPart(range: string | undefined, { size }: Descriptor, offset: number): string | undefined {
  if (offset === 0) return 'is answered with status 206 although no range was asked for';
  const [, start, end, total] = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15}|\*)$/.exec(range ?? '') ?? [];
  const fits = Number(start) === offset && Number(end) < size && (total === '*' || Number(total) === size);
  return fits ? undefined : `was asked for from byte ${offset} of ${size} on and comes as ${quote(range)}`;
}
