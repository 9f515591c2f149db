import { parseByteRanges, readBoundary } from '../../oci/byteranges.ts';
import type { ByteRange } from '../../oci/range.ts';
import type { MirrorWay, ProbeOutcome, ProbeProblem } from '../../ports/mirror-probe.ts';
import type { Transport } from '../http-client/transport.ts';
import { checkStatus } from './check-answer.ts';
import { problem, readBody, requestMirror } from './mirror-request.ts';

/** What stands around each part, at most. In bytes. */
const frameLimit = 2048;

/** Asks for several parts at once, and expects just these, in this order (RFC 9110, section 15.3.7.2). */
export async function checkSeveralParts(
  transport: Pick<Transport, 'send'>,
  { way, path, size }: { readonly way: MirrorWay; readonly path: string; readonly size: number },
  ranges: readonly ByteRange[],
  expected: Uint8Array,
  signal: AbortSignal,
): Promise<ProbeOutcome> {
  const started = performance.now();
  const range = `bytes=${ranges.map(({ start, end }) => `${start}-${end}`).join(', ')}`;
  const question = { method: 'GET', path, headers: { range, accept: '*/*' } } as const;
  const answer = await requestMirror(transport, way, question, signal);
  if (!answer.ok) return answer;
  const { response } = answer;
  const boundary = readBoundary(response.headers['content-type']);
  const wrong =
    response.statusCode === 200
      ? unable('it answered 200')
      : (checkStatus(response, 206) ?? (boundary === undefined ? unable('it sent one part') : undefined));
  if (wrong !== undefined || boundary === undefined) {
    response.destroy();
    return wrong ?? unable('it named no boundary');
  }
  const limit = expected.length + (ranges.length + 1) * frameLimit;
  const pieces: Buffer[] = [];
  let bytes = 0;
  const body = await readBody<ProbeProblem>(response, signal, (piece) => {
    bytes += piece.length;
    pieces.push(piece);
    return bytes > limit ? unable('it sent more than the parts') : undefined;
  });
  if (body !== 'end') return { ...body, bytes };
  const parts = parseByteRanges(Buffer.concat(pieces), boundary) ?? [];
  const asAsked =
    parts.length === ranges.length &&
    parts.every(
      (part, at) =>
        part.size === size && part.range.start === ranges[at]?.start && part.range.end === ranges[at].end,
    );
  if (!asAsked) return { ...unable('it sent other parts'), bytes };
  if (!Buffer.concat(parts.map((part) => part.bytes)).equals(expected)) {
    return { ...problem('wrong-bytes', 'the bytes are not those of the origin'), bytes };
  }
  return { ok: true, milliseconds: performance.now() - started, bytes };
}

function unable(what: string): ProbeProblem {
  return problem('no-range', `asked for several parts, ${what}`);
}
