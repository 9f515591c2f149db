import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { ByteRange } from '../../oci/range.ts';
import type { ProbeProblem, ProbeTarget } from '../../ports/mirror-probe.ts';
import { problem } from './mirror-request.ts';

/** What clients need of a part: 206, exactly the part asked for, of a file of the right size, not encoded. */
export function checkPart(
  response: IncomingMessage,
  target: ProbeTarget,
  range: ByteRange,
): ProbeProblem | undefined {
  const { statusCode: status = 0, headers } = response;
  if (status === 416) {
    return problem('truncated', `it says that its file ends before byte ${range.start} of ${target.size}`);
  }
  if (status === 200) return problem('no-range', 'it ignored the Range header and answered 200');
  const wrong = checkStatus(response, 206);
  if (wrong !== undefined) return wrong;
  const contentRange = headers['content-range'] ?? '';
  const match = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15})$/.exec(contentRange);
  const [, start, end, size] = match?.map(Number) ?? [];
  const wrongSize = size === undefined ? undefined : checkSize(size, target);
  if (wrongSize !== undefined) return wrongSize;
  if (start !== range.start || end !== range.end) {
    return problem('no-range', `its Content-Range is ${JSON.stringify(contentRange.slice(0, 80))}`);
  }
  return undefined;
}

/** What clients need of a whole blob, before its bytes: 200 and, where a length is said, the right one. */
export function checkAll(response: IncomingMessage, target: ProbeTarget): ProbeProblem | undefined {
  const wrong = checkStatus(response, 200);
  if (wrong !== undefined) return wrong;
  const length = response.headers['content-length'];
  return length === undefined ? undefined : checkSize(Number(length), target);
}

/** `wanted` is the one status that is right. */
export function checkStatus(
  { statusCode: status = 0, headers }: IncomingMessage,
  wanted: number,
): ProbeProblem | undefined {
  if (status >= 300 && status < 400 && status !== 304) return problem('redirect', describeRedirect(headers));
  if (status !== wanted) {
    const meant = status >= 200 && status < 300 ? `, not ${wanted}` : '';
    return problem('status', `it answered ${status}${meant}`);
  }
  const encoding = headers['content-encoding'];
  if (encoding === undefined || encoding === 'identity') return undefined;
  return problem('status', `it answers with Content-Encoding ${JSON.stringify(encoding.slice(0, 80))}`);
}

/** What a HEAD must answer: as for all of the blob, and its length, or it says nothing. */
export function checkThere(response: IncomingMessage, target: ProbeTarget): ProbeProblem | undefined {
  const wrong = checkAll(response, target);
  if (wrong !== undefined || response.headers['content-length'] !== undefined) return wrong;
  return problem('status', 'it answered 200 without a Content-Length');
}

function checkSize(size: number, target: ProbeTarget): ProbeProblem | undefined {
  if (size === target.size) return undefined;
  return problem(
    size < target.size ? 'truncated' : 'wrong-bytes',
    `its file has ${size} bytes, not ${target.size}`,
  );
}

/** From https to http is the worst kind: clients either refuse it or lose their protection. */
function describeRedirect({ location = '' }: IncomingHttpHeaders): string {
  const to = JSON.stringify(location.slice(0, 200));
  return /^http:/i.test(location) ? `it redirects to plain http, ${to}` : `it redirects to ${to}`;
}
