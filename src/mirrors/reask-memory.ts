import type { Digest } from '../oci/digest.ts';
import type { IpAddress } from './address.ts';
import type { MirrorId } from './mirror.ts';

/**
 * Leads a client around a mirror that failed it, by what the client asks for next. A client never says that a mirror
 * failed: it only asks again. A HEAD is answered in place and leaves no trace here. The rows are tested one by one.
 *
 * | the client asks | it probably is | tried | suspect | origin |
 * |---|---|---|---|---|
 * | for the first time, or after the window | a new pull | none | no | no |
 * | again within 20 ms | parallel Range requests; a cluster; docker after a 404 | rotates | no | no |
 * | again with Range from the middle, later | a resume after truncation | rotates | yes | when spaced |
 * | again, whole, 20 ms or more later | a retry (docker 5 s, podman 1-2 s, a person a minute) | rotates | yes | when spaced |
 * | Range after Range within 20 ms, and until a pause of 10 s | one parallel reader (containerd 2) | rotates | no | no |
 * | for more than the 16th time, less than 1 s after the last | a cluster behind one address | none | no | no |
 * | again after 4 mirrors, or after all there are | a pull that no mirror can serve | starts again | as above | when spaced |
 *
 * "Rotates": the mirrors tried before are left out, so that the next best one is chosen. "When spaced": half a second
 * to half a minute after the last answer (docker waits at most 20 s; a job that comes back each minute is not in
 * trouble), at most once a minute for this client and blob, and within a budget for all clients together, so that no
 * herd ever reaches the origin. Refused that, the rotation starts again with the best mirror. In a crowd a dead mirror
 * is found by the probes, which its first few requests have set off. Every answer is a guess: where it is wrong, a
 * client is sent to a good mirror that is a little further away.
 */
export class ReaskMemory {
  #options: ReaskOptions;
  // Two generations: a full or old one is dropped whole. Deleting the oldest entries of one map one by one would leave
  // holes at its front that each look for the next oldest has to step over (measured: 70 microseconds a request).
  #young = new Map<string, Entry>();
  #old = new Map<string, Entry>();
  #youngSince = -Infinity;
  #tokens: number;
  #refilled = 0;
  #lastAddress: IpAddress | undefined;
  #lastDigest: Digest | undefined;
  #lastKey = '';

  constructor(options: Partial<ReaskOptions> = {}) {
    this.#options = { ...defaultOptions, ...options };
    this.#tokens = this.#options.originBurst;
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
  ask(request: Ask): Reask {
    const entry = this.#find(request);
    if (entry === undefined) return firstAsk;
    const { now } = request;
    const gap = now - entry.at;
    const ranged = request.rangeStart !== undefined;
    if (gap >= parallelGap) entry.parallel = false;
    else if (ranged && entry.ranged && gap < burstGap) entry.parallel = true;
    entry.ranged = ranged;
    if (entry.sends >= crowdSize && gap < crowdGap) return firstAsk;
    const suspect = gap >= burstGap && !(entry.parallel && ranged) ? entry.tried.at(-1) : undefined;
    if (entry.tried.length < this.#options.mirrorsBeforeOrigin) return answer(entry.tried, suspect, false);
    return answer(none, suspect, this.#takeOrigin(entry, now));
  }

  /**
   * To be called when every mirror that could serve the client is in `tried`. True: the origin must serve this GET
   * itself. False: choose again with nothing tried.
   */
  exhausted(request: Pick<Ask, 'address' | 'digest' | 'now'>): boolean {
    const entry = this.#find(request);
    return entry !== undefined && this.#takeOrigin(entry, request.now);
  }

  /** Remembers that a request was sent to `mirror`. */
  sent(request: Sent): void {
    const key = this.#keyOf(request);
    const entry = this.#find(request);
    if (entry === undefined) {
      this.#keep(key, {
        tried: [request.mirror],
        at: request.now,
        sends: 1,
        ranged: request.rangeStart !== undefined,
        parallel: false,
        originAt: -Infinity,
      });
      return;
    }
    const again =
      entry.tried.length >= this.#options.mirrorsBeforeOrigin || entry.tried.includes(request.mirror);
    entry.tried = again ? [request.mirror] : [...entry.tried, request.mirror];
    entry.at = request.now;
    entry.sends += 1;
    this.#keep(key, entry);
  }

  #find(request: Pick<Ask, 'address' | 'digest' | 'now'>): Entry | undefined {
    const key = this.#keyOf(request);
    const entry = this.#young.get(key) ?? this.#old.get(key);
    return entry === undefined || this.#expired(entry, request.now) ? undefined : entry;
  }

  /** One request looks several times: its key is made, and hashed, once. */
  #keyOf({ address, digest }: Pick<Ask, 'address' | 'digest'>): string {
    if (address !== this.#lastAddress || digest !== this.#lastDigest) {
      // 64 bits of the digest tell one client's blobs apart; the shorter key is quicker to hash and to keep.
      this.#lastKey = `${address} ${digest.slice(7, 23)}`;
      this.#lastAddress = address;
      this.#lastDigest = digest;
    }
    return this.#lastKey;
  }

  #keep(key: string, entry: Entry): void {
    const { limit, window } = this.#options;
    if (this.#young.size >= limit / 2 || entry.at - this.#youngSince > window) {
      this.#old = this.#young;
      this.#young = new Map();
      this.#youngSince = entry.at;
    }
    this.#young.set(key, entry);
  }

  #expired(entry: Entry, now: number): boolean {
    return now - entry.at > this.#options.window;
  }

  #takeOrigin(entry: Entry, now: number): boolean {
    if (!this.#originOpen(entry, now)) return false;
    this.#tokens -= 1;
    entry.originAt = now;
    entry.at = now;
    entry.tried = none;
    return true;
  }

  #originOpen(entry: Entry, now: number): boolean {
    const gap = now - entry.at;
    const spaced = gap >= originGap && gap <= troubleGap && !entry.parallel;
    if (!spaced || now - entry.originAt < originPause) return false;
    const { originBurst, originPerSecond } = this.#options;
    const refill = Math.max(0, now - this.#refilled) * (originPerSecond / 1000);
    this.#tokens = Math.min(originBurst, this.#tokens + refill);
    this.#refilled = now;
    return this.#tokens >= 1;
  }
}

export interface ReaskOptions {
  /** How long an answer is remembered, in milliseconds. */
  readonly window: number;
  /** How many pairs of client and blob are remembered at most; the latest half of them always are. */
  readonly limit: number;
  /** After how many mirrors the origin may help. */
  readonly mirrorsBeforeOrigin: number;
  /** How many clients may be sent to the origin at once, and each second on the long run. */
  readonly originBurst: number;
  readonly originPerSecond: number;
}

/** A GET of a blob. `rangeStart` is undefined without a Range header. Times are milliseconds of a monotonic clock. */
export interface Ask {
  readonly address: IpAddress;
  readonly digest: Digest;
  readonly rangeStart?: number | undefined;
  readonly now: number;
}

export interface Sent {
  readonly address: IpAddress;
  readonly digest: Digest;
  readonly mirror: MirrorId;
  readonly rangeStart?: number | undefined;
  readonly now: number;
}

export interface Reask {
  /** Mirrors to leave out: this client had them for this blob just now. */
  readonly tried: readonly MirrorId[];
  /** A mirror that probably failed: worth a probe. */
  readonly suspect?: MirrorId;
  /** The origin must serve this request itself. */
  readonly toOrigin: boolean;
}

interface Entry {
  /** In the order in which they were sent to; a new array each time, since answers hold it. */
  tried: readonly MirrorId[];
  at: number;
  sends: number;
  /** Whether the last request had a Range header. */
  ranged: boolean;
  parallel: boolean;
  originAt: number;
}

const none: readonly MirrorId[] = [];
const firstAsk: Reask = { tried: none, toOrigin: false };
/** No client can have met a failure and come back in less: in milliseconds, as all of these. */
const burstGap = 20;
const parallelGap = 10_000;
const crowdGap = 1000;
const crowdSize = 16;
const originGap = 500;
const troubleGap = 30_000;
const originPause = 60_000;
const defaultOptions: ReaskOptions = {
  window: 120_000,
  limit: 100_000,
  mirrorsBeforeOrigin: 4,
  originBurst: 16,
  originPerSecond: 0.25,
};

function answer(tried: readonly MirrorId[], suspect: MirrorId | undefined, toOrigin: boolean): Reask {
  return suspect === undefined ? { tried, toOrigin } : { tried, suspect, toOrigin };
}
