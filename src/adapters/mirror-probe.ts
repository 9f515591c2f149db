import type { IncomingHttpHeaders } from 'node:http';
import { readFileSync } from 'node:fs';
import { createSecureContext, getCACertificates } from 'node:tls';
import { SignpostError } from '../oci/errors.ts';
import type { ByteRange } from '../oci/range.ts';
import type { Netblock } from '../mirrors/address.ts';
import { markerLimit, parsePublicationMarker } from '../mirrors/contents/publication-marker.ts';
import type { Mirror, MirrorId } from '../mirrors/mirror.ts';
import type { MirrorProbe, ProbeTarget } from '../ports/mirror-probe.ts';
import { createMirrorAddressResolver, type MirrorAddressResolver } from './mirror-address-resolver.ts';
import { type ProbeProblem, problem, readBody, requestMirror } from './mirror-request.ts';

export interface MirrorProbeOptions {
  /** The registry's host name, for the User-Agent. */
  readonly registry: string;
  readonly version: string;
  /** Addresses that may be connected to although they are not public. */
  readonly allowAddresses: readonly Netblock[];
  /** PEM files with further certificate authorities. */
  readonly certificateAuthorities: readonly string[];
  readonly resolver?: MirrorAddressResolver;
}

interface KnownMarker {
  readonly url: string;
  readonly serial: number;
  readonly conditions: Readonly<Record<string, string>>;
}

/**
 * Probes mirrors over HTTP. Private mirrors are probed only where `allowAddresses` names their address: the others
 * are never touched from outside, and answer `address-not-allowed`.
 * @throws SignpostError CONFIG_INVALID when a certificate authority cannot be read
 */
export function createMirrorProbe(options: MirrorProbeOptions): MirrorProbe {
  const resolver = options.resolver ?? createMirrorAddressResolver(options.allowAddresses);
  const userAgent = `signpost/${options.version} (mirror probe; +${options.registry})`;
  const requests = { resolver, userAgent, secureContext: trustAuthorities(options.certificateAuthorities) };
  // Bounded by the number of mirrors that were ever entered while this process runs.
  const markers = new Map<MirrorId, KnownMarker>();

  const get = async (mirror: Mirror, path: string, headers: Record<string, string>, signal: AbortSignal) => {
    const [base] = mirror.urls;
    const url = URL.parse(`${base}/${path}`);
    if (url === null || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '') {
      return problem('refused', `${base} is not an http or https URL without credentials`);
    }
    return requestMirror(requests, url, headers, mirror.kind === 'private', signal);
  };

  return {
    async checkRange(mirror, target, range, expected, signal) {
      const started = performance.now();
      const headers = { range: `bytes=${range.start}-${range.end}`, accept: '*/*' };
      const answer = await get(mirror, blobPath(target), headers, signal);
      if (!answer.ok) return answer;
      const { response, families } = answer;
      const wrong = checkHeaders(response.statusCode ?? 0, response.headers, target, range);
      if (wrong !== undefined) {
        response.destroy();
        return wrong;
      }
      let offset = 0;
      const body = await readBody<ProbeProblem>(response, signal, (piece) => {
        const same = piece.equals(expected.subarray(offset, offset + piece.length));
        offset += piece.length;
        if (offset > expected.length) return problem('wrong-bytes', 'the body is longer than the range');
        return same ? undefined : problem('wrong-bytes', 'the bytes are not those of the origin');
      });
      if (body !== 'end') return body;
      if (offset < expected.length) return problem('truncated', `the body ended after ${offset} bytes`);
      return { ok: true, milliseconds: performance.now() - started, families };
    },

    async readSerial(mirror, signal) {
      const known = markers.get(mirror.id);
      const usable = known?.url === mirror.urls[0] ? known : undefined;
      const headers = { accept: 'application/json', ...usable?.conditions };
      const answer = await get(mirror, 'publication.json', headers, signal);
      if (!answer.ok) return answer;
      const { response } = answer;
      if (response.statusCode === 304 && usable !== undefined) {
        response.destroy();
        return { ok: true, serial: usable.serial };
      }
      const wrong = checkStatus(response.statusCode ?? 0, response.headers);
      if (wrong !== undefined || response.statusCode !== 200) {
        response.destroy();
        return wrong ?? problem('status', `it answered ${response.statusCode}, not 200`);
      }
      const pieces: Buffer[] = [];
      let size = 0;
      const body = await readBody<ProbeProblem>(response, signal, (piece) => {
        size += piece.length;
        pieces.push(piece);
        return size > markerLimit ? problem('marker', `it is larger than ${markerLimit} bytes`) : undefined;
      });
      if (body !== 'end') return { ...body, bytes: size };
      const marker = parsePublicationMarker(Buffer.concat(pieces));
      if ('wrong' in marker) return { ...problem('marker', marker.wrong), bytes: size };
      markers.set(mirror.id, {
        url: mirror.urls[0],
        serial: marker.serial,
        conditions: conditionsOf(response.headers),
      });
      return { ok: true, serial: marker.serial, bytes: size };
    },
  };
}

function blobPath({ repository, digest }: ProbeTarget): string {
  return `v2/${repository}/blobs/${digest}`;
}

/** What clients need of a part: 206, exactly the part asked for, of a file of the right size, not encoded. */
function checkHeaders(
  status: number,
  headers: IncomingHttpHeaders,
  target: ProbeTarget,
  range: ByteRange,
): ProbeProblem | undefined {
  if (status === 416) {
    return problem('truncated', `it says that its file ends before byte ${range.start} of ${target.size}`);
  }
  if (status === 200) return problem('no-range', 'it ignored the Range header and answered 200');
  const wrong = checkStatus(status, headers);
  if (wrong !== undefined || status !== 206)
    return wrong ?? problem('status', `it answered ${status}, not 206`);
  const contentRange = headers['content-range'] ?? '';
  const match = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15})$/.exec(contentRange);
  const [, start, end, size] = match?.map(Number) ?? [];
  if (size !== undefined && size < target.size) {
    return problem('truncated', `its file has ${size} bytes, not ${target.size}`);
  }
  if (size !== undefined && size > target.size) {
    return problem('wrong-bytes', `its file has ${size} bytes, not ${target.size}`);
  }
  if (start !== range.start || end !== range.end) {
    return problem('no-range', `its Content-Range is ${JSON.stringify(contentRange.slice(0, 80))}`);
  }
  return undefined;
}

function checkStatus(status: number, headers: IncomingHttpHeaders): ProbeProblem | undefined {
  if (status >= 300 && status < 400 && status !== 304) {
    return problem('redirect', `it redirects to ${JSON.stringify(headers.location?.slice(0, 200) ?? '')}`);
  }
  if (status < 200 || status >= 300) return problem('status', `it answered ${status}`);
  const encoding = headers['content-encoding'];
  if (encoding === undefined || encoding === 'identity') return undefined;
  return problem('status', `it answers with Content-Encoding ${JSON.stringify(encoding.slice(0, 80))}`);
}

/** RFC 9110, section 13.1: so that an unchanged marker is not sent again. */
function conditionsOf(headers: IncomingHttpHeaders): Record<string, string> {
  const { etag, 'last-modified': modified } = headers;
  if (etag !== undefined) return { 'if-none-match': etag };
  return modified === undefined ? {} : { 'if-modified-since': modified };
}

function trustAuthorities(files: readonly string[]) {
  try {
    const further = files.map((file) => readFileSync(file, 'utf8'));
    return createSecureContext({ ca: [...getCACertificates('default'), ...further] });
  } catch (cause) {
    throw new SignpostError(
      'CONFIG_INVALID',
      `mirrors.certificateAuthorities: cannot read a certificate authority: ${(cause as Error).message}`,
      { cause },
    );
  }
}
