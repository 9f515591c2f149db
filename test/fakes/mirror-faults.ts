import { createReadStream } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { ByteRange } from '../../src/oci/range.ts';

/**
 * How a mirror can be bad.
 * - `none`: it is good. `refused`: nothing listens. `stall-handshake`: it accepts connections and says nothing.
 * - `status-404`, `status-503`; `redirect`: to another path of itself, where the content is.
 * - `stall`: it takes the request and never answers. `stall-body`: it stops in the middle of the body.
 * - `truncated`: it closes in the middle of the body. `reset`: it resets there. `drip`: one byte a second.
 * - `corrupt`: the byte in the middle of every file is wrong. `short-file`: the second half of every file is missing.
 * - `no-range`: it answers 200 with everything. `wrong-content-range`: its Content-Range is another one.
 * - `content-encoding`: it compresses, or says so. `endless`: its bodies never end. `long-headers`: nor do its headers.
 */
export const mirrorFaults = [
  'none',
  'refused',
  'stall-handshake',
  'status-404',
  'status-503',
  'redirect',
  'stall',
  'stall-body',
  'truncated',
  'reset',
  'drip',
  'corrupt',
  'short-file',
  'no-range',
  'wrong-content-range',
  'content-encoding',
  'endless',
  'long-headers',
] as const;
export type MirrorFault = (typeof mirrorFaults)[number];

/** A good answer, which a fault then spoils. */
export interface PlannedAnswer {
  readonly file: string;
  /** Of the whole file, in bytes. */
  readonly size: number;
  readonly status: 200 | 206;
  /** What to send; undefined when the body is empty. */
  readonly range: ByteRange | undefined;
  readonly headers: Readonly<Record<string, string>>;
}

/** Sends `plan`, spoilt by `fault`. `raw` is the TCP connection under `response`. */
export function sendSpoilt(
  fault: MirrorFault,
  plan: PlannedAnswer,
  request: IncomingMessage,
  response: ServerResponse,
  raw: Socket | undefined,
): void {
  const plain = (headers: Record<string, string> = {}) =>
    response.writeHead(plan.status, { ...plan.headers, ...headers });
  const half = plan.range === undefined ? 0 : Math.ceil((plan.range.end - plan.range.start + 1) / 2);
  switch (fault) {
    case 'status-404':
    case 'status-503':
      response.writeHead(fault === 'status-404' ? 404 : 503, { 'content-length': '0' }).end();
      return;
    case 'redirect':
      response.writeHead(302, { location: `${request.url ?? '/'}?again`, 'content-length': '0' }).end();
      return;
    case 'stall':
      return;
    case 'stall-body':
      plain();
      sendHalf(plan, half, response, () => undefined);
      return;
    case 'truncated':
      plain();
      sendHalf(plan, half, response, () => response.socket?.end());
      return;
    case 'reset':
      plain();
      sendHalf(plan, half, response, () => raw?.resetAndDestroy());
      return;
    case 'drip':
      plain();
      drip(response);
      return;
    case 'content-encoding':
      plain({ 'content-encoding': 'gzip' });
      break;
    case 'wrong-content-range':
      plain({ 'content-range': `bytes 0-0/${plan.size}` });
      break;
    case 'long-headers':
      plain({ 'x-long': 'x'.repeat(1024 * 1024) });
      break;
    case 'endless':
      if (request.method === 'HEAD') {
        plain().end();
        return;
      }
      response.writeHead(plan.status, { ...plan.headers, 'content-length': String(2 ** 50) });
      flood(response);
      return;
    case 'none':
    case 'refused':
    case 'stall-handshake':
    case 'corrupt':
    case 'short-file':
    case 'no-range':
      plain();
  }
  sendBody(fault, plan, request, response);
}

function sendBody(
  fault: MirrorFault,
  plan: PlannedAnswer,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  if (plan.range === undefined || request.method === 'HEAD') {
    response.end();
    return;
  }
  const wrongByte = Math.floor(plan.size / 2);
  let offset = plan.range.start;
  const stream = createReadStream(plan.file, { ...plan.range });
  stream.on('data', (chunk) => {
    const bytes = Buffer.from(chunk);
    const index = wrongByte - offset;
    if (fault === 'corrupt' && index >= 0 && index < bytes.length) bytes[index] = (bytes[index] ?? 0) ^ 1;
    offset += bytes.length;
    if (!response.write(bytes)) {
      stream.pause();
      response.once('drain', () => stream.resume());
    }
  });
  stream.on('end', () => response.end());
  stream.on('error', () => response.destroy());
  response.on('close', () => stream.destroy());
}

function sendHalf(plan: PlannedAnswer, half: number, response: ServerResponse, then: () => void): void {
  if (plan.range === undefined || half === 0) {
    response.flushHeaders();
    then();
    return;
  }
  const { start } = plan.range;
  const stream = createReadStream(plan.file, { start, end: start + half - 1 });
  response.on('close', () => stream.destroy());
  let written = 0;
  stream.on('data', (chunk) => {
    stream.pause();
    // What has been written must have left: a client is to see half of the body, and then the fault.
    response.write(chunk, () => {
      written += chunk.length;
      if (written >= half) setTimeout(then, 20);
      else stream.resume();
    });
  });
  stream.on('error', () => response.destroy());
}

function drip(response: ServerResponse): void {
  const timer = setInterval(() => response.write('x'), 1000);
  response.write('x');
  response.on('close', () => clearInterval(timer));
}

function flood(response: ServerResponse): void {
  const piece = Buffer.alloc(64 * 1024);
  // One piece a turn: a reader that takes all at once would let this process do nothing else.
  const more = () => {
    if (!response.destroyed && response.write(piece)) setImmediate(more);
  };
  response.on('drain', more);
  more();
}
