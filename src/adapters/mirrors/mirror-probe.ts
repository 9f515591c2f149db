import { printPullPath } from '../../oci/pull-path.ts';
import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { Netblock } from '../../net/address.ts';
import { markerLimit, parsePublicationMarker } from '../../tree/publication-marker.ts';
import type {
  FamiliesOutcome,
  MirrorProbe,
  ProbeOutcome,
  ProbeProblem,
  ProbeTarget,
} from '../../ports/mirror-probe.ts';
import { checkAll, checkPart, checkStatus, checkThere } from './check-answer.ts';
import { checkSeveralParts } from './check-several-parts.ts';
import { trustAuthorities } from '../http-client/authorities.ts';
import type { ChooseProxy } from '../http-client/choose-proxy.ts';
import { findAddresses } from '../http-client/find-addresses.ts';
import { readHttpUrl } from '../http-client/http-url.ts';
import { createTransport } from '../http-client/transport.ts';
import {
  createMirrorAddressResolver,
  type MirrorAddressResolver,
} from '../http-client/mirror-address-resolver.ts';
import {
  badUrl,
  describeUnresolved,
  type MirrorAnswer,
  problem,
  readBody,
  requestMirror,
} from './mirror-request.ts';
import { type PaceLimits, watchPace } from '../time/watch-pace.ts';

export interface MirrorProbeOptions {
  /** The registry's host name, for the User-Agent. */
  readonly registry: string;
  /** Whom a mirror's people may ask, for the User-Agent: a URL or an e-mail address. */
  readonly contact?: string | undefined;
  readonly version: string;
  /** Addresses that may be connected to although they are not public. */
  readonly allowAddresses: readonly Netblock[];
  /** PEM files with further certificate authorities. */
  readonly certificateAuthorities: readonly string[];
  /** Without it mirrors are connected to directly. */
  readonly chooseProxy?: ChooseProxy | undefined;
  readonly resolver?: MirrorAddressResolver;
  /** How fast a whole blob must come. */
  readonly pace?: PaceLimits;
}

interface KnownMarker {
  readonly serial: number;
  readonly conditions: Readonly<Record<string, string>>;
}

/** Markers that are asked for with a condition: some for each of a thousand mirrors. */
const markerMemory = 10_000;
/** 2 Mbit/s: a mirror slower than that is of no use to anybody. */
const usualPace: PaceLimits = { leastRate: 256 * 1024, grace: 5000 };

/**
 * Probes mirrors over HTTP. Private mirrors are probed only where `allowAddresses` names their address: the others,
 * and those whose name is not known here, are never touched from outside, and answer `address-not-allowed`.
 * @throws SignpostError CONFIG_INVALID when a certificate authority cannot be read
 */
export function createMirrorProbe(options: MirrorProbeOptions): MirrorProbe {
  const resolver =
    options.resolver ?? createMirrorAddressResolver(options.allowAddresses, 'mirrors.allowAddresses');
  // No time of its own: each question has one, and says so by its signal.
  const transport = createTransport({
    userAgent: describeUs(options),
    kept: 0,
    chooseProxy: options.chooseProxy,
    resolver,
    trust: trustAuthorities(options.certificateAuthorities, 'mirrors.certificateAuthorities', {
      alsoSystem: false,
    }),
  });
  const markers = new Map<string, KnownMarker>();

  return {
    async findFamilies(mirror, text, signal): Promise<FamiliesOutcome> {
      const url = readHttpUrl(text);
      if (url === undefined) return badUrl(text);
      const wanted = { onlyAllowed: mirror.kind === 'private' };
      const resolved = await findAddresses(resolver, url, wanted, signal);
      if (!resolved.ok) return describeUnresolved(mirror, resolved);
      const has = new Set(resolved.addresses.map(({ family }) => family));
      return { ok: true, families: ([4, 6] as const).filter((family) => has.has(family)) };
    },

    async checkRange(way, target, range, expected, signal) {
      if (!('start' in range)) {
        return checkSeveralParts(
          transport,
          { way, path: blobPath(target), size: target.size },
          range,
          expected,
          signal,
        );
      }
      const started = performance.now();
      const headers = { range: `bytes=${range.start}-${range.end}`, accept: '*/*' };
      const question = { method: 'GET', path: blobPath(target), headers } as const;
      const answer = await requestMirror(transport, way, question, signal);
      if (!answer.ok) return answer;
      const wrong = checkPart(answer.response, target, range);
      if (wrong !== undefined) return refuse(answer, wrong);
      let offset = 0;
      const body = await readBody<ProbeProblem>(answer.response, signal, (piece) => {
        const same = piece.equals(expected.subarray(offset, offset + piece.length));
        offset += piece.length;
        if (offset > expected.length) return problem('wrong-bytes', 'the body is longer than the range');
        return same ? undefined : problem('wrong-bytes', 'the bytes are not those of the origin');
      });
      const short =
        offset < expected.length ? problem('truncated', `the body ended after ${offset} bytes`) : undefined;
      return conclude(answer, body === 'end' ? short : body, started, offset);
    },

    async checkHead(way, target, signal) {
      const started = performance.now();
      const question = { method: 'HEAD', path: blobPath(target), headers: { accept: '*/*' } } as const;
      const answer = await requestMirror(transport, way, question, signal);
      if (!answer.ok) return answer;
      const wrong = checkThere(answer.response, target);
      answer.response.destroy();
      return conclude(answer, wrong, started);
    },

    async checkWhole(way, target, signal) {
      const started = performance.now();
      using pace = watchPace(options.pace ?? usualPace, signal);
      const question = { method: 'GET', path: blobPath(target), headers: { accept: '*/*' } } as const;
      const answer = await requestMirror(transport, way, question, pace.signal);
      if (!answer.ok) return answer;
      const wrong = checkAll(answer.response, target);
      if (wrong !== undefined) return refuse(answer, wrong);
      let size = 0;
      const hash = createHash('sha256');
      const body = await readBody<ProbeProblem>(answer.response, pace.signal, (piece) => {
        size += piece.length;
        pace.received(piece.length);
        hash.update(piece);
        return size > target.size ? problem('wrong-bytes', 'the body is longer than the blob') : undefined;
      });
      return conclude(
        answer,
        body === 'end' ? judgeWhole(target, size, hash.digest('hex')) : body,
        started,
        size,
      );
    },

    async readSerial(way, signal) {
      const key = `${way.mirror.id} ${way.url}`;
      const known = markers.get(key);
      const headers = { accept: 'application/json', ...known?.conditions };
      const question = { method: 'GET', path: 'publication.json', headers } as const;
      const answer = await requestMirror(transport, way, question, signal);
      if (!answer.ok) return answer;
      const { response } = answer;
      if (response.statusCode === 304 && known !== undefined) {
        response.destroy();
        return { ...seen(answer), ok: true, serial: known.serial };
      }
      const wrong = checkStatus(response, 200);
      if (wrong !== undefined) return refuse(answer, wrong);
      const pieces: Buffer[] = [];
      let bytes = 0;
      const body = await readBody<ProbeProblem>(response, signal, (piece) => {
        bytes += piece.length;
        pieces.push(piece);
        return bytes > markerLimit ? problem('marker', `it is larger than ${markerLimit} bytes`) : undefined;
      });
      if (body !== 'end') return { ...seen(answer), ...body, bytes };
      const marker = parsePublicationMarker(Buffer.concat(pieces));
      if ('wrong' in marker) return { ...seen(answer), ...problem('marker', marker.wrong), bytes };
      remember(markers, key, { serial: marker.serial, conditions: conditionsOf(response.headers) });
      return { ...seen(answer), ok: true, serial: marker.serial, bytes };
    },
  };
}

/** A mirror's people read this in their log: who asks, what for, and whom to write to. */
function describeUs({ version, registry, contact }: MirrorProbeOptions): string {
  return `signpost/${version} (mirror probe of ${registry}; +${contact ?? `https://${registry}/`})`;
}

function blobPath({ repository, digest }: ProbeTarget): string {
  return printPullPath(repository, 'blobs', digest);
}

function seen({ certificateExpires }: MirrorAnswer) {
  return certificateExpires === undefined ? {} : { certificateExpires };
}

function refuse(answer: MirrorAnswer, wrong: ProbeProblem) {
  answer.response.destroy();
  return { ...seen(answer), ...wrong };
}

function conclude(
  answer: MirrorAnswer,
  wrong: ProbeProblem | undefined,
  started: number,
  bytes?: number,
): ProbeOutcome {
  const cost = bytes === undefined ? seen(answer) : { ...seen(answer), bytes };
  return wrong === undefined
    ? { ...cost, ok: true, milliseconds: performance.now() - started }
    : { ...cost, ...wrong };
}

function judgeWhole(target: ProbeTarget, size: number, hex: string): ProbeProblem | undefined {
  if (size < target.size) return problem('truncated', `the body ended after ${size} bytes`);
  if (`sha256:${hex}` === target.digest) return undefined;
  return problem('wrong-bytes', 'the digest of its bytes is another one');
}

/** RFC 9110, section 13.1: so that an unchanged marker is not sent again. */
function conditionsOf(headers: IncomingHttpHeaders): Record<string, string> {
  const { etag, 'last-modified': modified } = headers;
  if (etag !== undefined) return { 'if-none-match': etag };
  return modified === undefined ? {} : { 'if-modified-since': modified };
}

function remember(markers: Map<string, KnownMarker>, key: string, marker: KnownMarker): void {
  markers.delete(key);
  markers.set(key, marker);
  for (const oldest of markers.keys()) {
    if (markers.size <= markerMemory) break;
    markers.delete(oldest);
  }
}
