import { parseJson } from '../../oci/parse-json.ts';
import { type ProblemAnswer, problem } from './problem.ts';

/** No body may have more bytes: the longest mirror has far fewer. */
export const bodyLimit = 512 * 1024;

/**
 * Reads a body of JSON, and no more of it than {@link bodyLimit}. How long it may take is bounded by the listener.
 */
export async function readJsonBody(
  request: Request,
  mediaType: string,
): Promise<{ readonly value: unknown } | ProblemAnswer> {
  const type = request.headers.get('content-type')?.split(';', 1)[0]?.trim().toLowerCase();
  if (type !== mediaType && type !== 'application/json') {
    return problem(415, `the body must be ${mediaType}, and Content-Type must say so`);
  }
  const tooLarge = problem(413, `the body is larger than ${bodyLimit} bytes`);
  if (Number(request.headers.get('content-length') ?? 0) > bodyLimit) return tooLarge;
  const bytes = await readAll(request);
  if (bytes === 'too large') return tooLarge;
  if (bytes === 'broken') return problem(400, 'the body ended before it was whole');
  try {
    return { value: parseJson(bytes, 'the body', 'REQUEST_INVALID') };
  } catch (error) {
    return problem(400, (error as Error).message);
  }
}

async function readAll(request: Request): Promise<Buffer | 'too large' | 'broken'> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const piece of request.body ?? []) {
      size += piece.length;
      if (size > bodyLimit) return 'too large';
      pieces.push(piece);
    }
    return Buffer.concat(pieces);
  } catch {
    return 'broken';
  }
}
