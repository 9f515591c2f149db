import type { Digest } from '../oci/digest.ts';
import type { IpAddress } from '../net/address.ts';
import {
  type AskedPart,
  type BlobReader,
  findReader,
  isNextPart,
  isUncertain,
  newReader,
  noteSent,
} from './blob-reader.ts';
import type { ClientConnection } from './client-connection.ts';
import { clientNetworkOf } from '../net/client-network.ts';
import type { MirrorId } from './mirror.ts';
import { OriginHelp, type OriginHelpOptions } from './origin-help.ts';

/**
 * Leads a client around a mirror that failed it, by what the client asks for next. A client never says that a mirror
 * failed: it only asks again. A HEAD is answered in place and leaves no trace here. Clients are told apart by address
 * and User-Agent, and those behind one address by their connections (client-connection.ts). The rows are tested one by
 * one.
 *
 * | the client asks | it probably is | tried | suspect | origin |
 * |---|---|---|---|---|
 * | for the first time, or after the window | a new pull | none | no | no |
 * | for the whole, while another pull's connections are open | another machine behind the address | none | no | no |
 * | for the next of several parts | a parallel reader (containerd 2), or one of pieces (zstd:chunked) | stays | no | no |
 * | again within 20 ms | a cluster; docker after a 404 | rotates | no | no |
 * | to the end, from where no part begins | a resume after truncation | rotates | yes | when spaced |
 * | again, the whole or a part's start, 20 ms or more later | a retry (docker 5 s, podman 1-2 s) | rotates | yes | when spaced |
 * | for more than the 16th time, less than 1 s after the last | a cluster behind one address | none | no | no |
 * | again after 4 mirrors, or after all there are | a pull that no mirror can serve | starts again | as above | when spaced |
 *
 * "Rotates": the mirrors tried before are left out, so that the next best one is chosen. "Stays": all of them but the
 * last, so that a reader of parts stays with one mirror: if each of its parts went to another, one bad mirror would
 * break what the others could serve. "When spaced": half a second to half a minute after the last answer (docker waits
 * at most 20 s; a job that comes back each minute is not in trouble), at most once a minute for this client and blob,
 * never when it may be another machine that asks, and within a budget that the networks of clients share, so that no herd
 * ever reaches the origin. Refused that, the rotation starts again with the best mirror. In a crowd a dead mirror is found
 * by the probes, which its first few requests have set off. Every answer is a guess: where it is wrong, a client is
 * sent to a good mirror that is a little further away.
 */
export class RetryMemory {
  #options: RetryOptions;
  // Two generations: a full or old one is dropped whole. Deleting the oldest entries of one map one by one would leave
  // holes at its front that each look for the next oldest has to step over (measured: 70 microseconds a request).
  #young = new Map<string, BlobReader[]>();
  #old = new Map<string, BlobReader[]>();
  #youngSince = -Infinity;
  readonly #help: OriginHelp;
  #lastAddress: IpAddress | undefined;
  #lastDigest: Digest | undefined;
  #lastAgent: string | undefined;
  #lastKey = '';

  constructor(options: Partial<RetryOptions> = {}) {
    this.#options = { ...defaultOptions, ...options };
    this.#help = new OriginHelp(this.#options);
  }

  /** For how long answers are remembered from now on, in milliseconds. */
  setWindow(window: number): void {
    this.#options = { ...this.#options, window };
  }

  /** How many pairs of client and blob are remembered. One in both generations counts twice. */
  get size(): number {
    return this.#young.size + this.#old.size;
  }

  /**
   * What is known of this request before a mirror is chosen for it. When `toOrigin` is true, the origin must serve
   * this GET itself: it has been counted. When no mirror is left beside `tried`, ask {@link exhausted}.
   */
  ask(request: Ask): Retry {
    const reader = this.#readerOf(request);
    if (reader === undefined) return firstAsk;
    if (isNextPart(reader, request.part)) return { tried: reader.tried.slice(0, -1), toOrigin: false };
    const gap = request.now - reader.at;
    if (reader.sends >= crowdSize && gap < crowdGap) return firstAsk;
    const suspect = gap >= burstGap ? reader.tried.at(-1) : undefined;
    if (reader.tried.length < this.#options.mirrorsBeforeOrigin) return answer(reader.tried, suspect, false);
    return answer(none, suspect, this.#takeOrigin(reader, request));
  }

  /**
   * To be called when every mirror that could serve the client is in `tried`. True: the origin must serve this GET
   * itself. False: choose again with nothing tried.
   */
  exhausted(request: Ask): boolean {
    const reader = this.#readerOf(request);
    return reader !== undefined && this.#takeOrigin(reader, request);
  }

  /** Remembers that a request was sent to `mirror`. */
  sent(request: Ask, mirror: MirrorId): void {
    const { limit, window, mirrorsBeforeOrigin } = this.#options;
    const key = this.#keyOf(request);
    const readers = this.#readersOf(request);
    const reader = findReader(readers, request);
    if (reader !== undefined) noteSent(reader, mirror, request, mirrorsBeforeOrigin);
    const kept =
      reader === undefined ? [...readers.slice(1 - readersLimit), newReader(mirror, request)] : readers;
    if (this.#young.size >= limit / 2 || request.now - this.#youngSince > window) {
      this.#old = this.#young;
      this.#young = new Map();
      this.#youngSince = request.now;
    }
    this.#young.set(key, kept);
  }

  #readerOf(request: Ask): BlobReader | undefined {
    return findReader(this.#readersOf(request), request);
  }

  #readersOf(request: Ask): BlobReader[] {
    const key = this.#keyOf(request);
    const readers = this.#young.get(key) ?? this.#old.get(key) ?? [];
    const isCurrent = ({ at }: BlobReader) => request.now - at <= this.#options.window;
    return readers.every(isCurrent) ? readers : readers.filter(isCurrent);
  }

  /** One request looks several times: its key is made, and hashed, once. */
  #keyOf({ address, digest, agent = '' }: Ask): string {
    if (address !== this.#lastAddress || digest !== this.#lastDigest || agent !== this.#lastAgent) {
      // 64 bits of the digest tell one client's blobs apart; the shorter key is quicker to hash and to keep.
      this.#lastKey = `${address} ${digest.slice(7, 23)} ${shortened(agent)}`;
      this.#lastAddress = address;
      this.#lastDigest = digest;
      this.#lastAgent = agent;
    }
    return this.#lastKey;
  }

  #takeOrigin(reader: BlobReader, request: Ask): boolean {
    const { now } = request;
    if (isUncertain(reader, request.connection) || !isInTrouble(reader, now)) return false;
    if (!this.#help.take(clientNetworkOf(request.address), now)) return false;
    reader.originAt = now;
    reader.at = now;
    reader.tried = none;
    return true;
  }
}

/** Whether it asks as somebody does whom no mirror could serve, and the origin has not helped it just now. */
function isInTrouble(reader: BlobReader, now: number): boolean {
  const gap = now - reader.at;
  return gap >= originGap && gap <= troubleGap && now - reader.originAt >= originPause;
}

export interface RetryOptions extends OriginHelpOptions {
  /** How long an answer is remembered, in milliseconds. */
  readonly window: number;
  /** How many pairs of client and blob are remembered at most; the latest half of them always are. */
  readonly limit: number;
  /** After how many mirrors the origin may help. */
  readonly mirrorsBeforeOrigin: number;
}

/** A GET of a blob. Times are milliseconds of a monotonic clock. */
export interface Ask {
  readonly address: IpAddress;
  /** The User-Agent. */
  readonly agent?: string | undefined;
  /** Undefined when a proxy stands between: its connections are those of many clients. */
  readonly connection?: ClientConnection | undefined;
  readonly digest: Digest;
  /** Undefined without a Range header. */
  readonly part?: AskedPart | undefined;
  readonly now: number;
}

export interface Retry {
  /** Mirrors to leave out: this client had them for this blob just now. */
  readonly tried: readonly MirrorId[];
  /** A mirror that probably failed: worth a probe. */
  readonly suspect?: MirrorId;
  /** The origin must serve this request itself. */
  readonly toOrigin: boolean;
}

const none: readonly MirrorId[] = [];
const firstAsk: Retry = { tried: none, toOrigin: false };
/** Machines behind one address that are told apart: the latest. */
const readersLimit = 16;
/** No client can have met a failure and come back in less: in milliseconds, as all of these. */
const burstGap = 20;
const crowdGap = 1000;
const crowdSize = 16;
const originGap = 500;
const troubleGap = 30_000;
const originPause = 60_000;
const defaultOptions: RetryOptions = {
  window: 120_000,
  limit: 100_000,
  mirrorsBeforeOrigin: 4,
  originBurst: 16,
  originPerSecond: 0.25,
};

function answer(tried: readonly MirrorId[], suspect: MirrorId | undefined, toOrigin: boolean): Retry {
  return suspect === undefined ? { tried, toOrigin } : { tried, suspect, toOrigin };
}

/** Tells the few programs behind one address apart (FNV-1a). What a client writes there may be long. */
function shortened(agent: string): string {
  let hash = 0x811c_9dc5;
  for (let at = 0; at < agent.length; at += 1) hash = Math.imul(hash ^ agent.charCodeAt(at), 0x0100_0193);
  return (hash >>> 0).toString(36);
}
