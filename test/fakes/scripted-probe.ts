import type { Digest } from '../../src/oci/digest.ts';
import type { ByteRange } from '../../src/oci/range.ts';
import type { MirrorId } from '../../src/mirrors/mirror.ts';
import type {
  AddressFamily,
  MirrorProbe,
  MirrorWay,
  ProbeFailure,
  ProbeOutcome,
} from '../../src/ports/mirror-probe.ts';

/** How one mirror is at the moment. */
export interface ScriptedMirror {
  serial: number;
  /** Fails everything; `stall` only when the signal says so. */
  fault?: ProbeFailure | 'stall' | undefined;
  /** Sends several parts at once. */
  severalParts?: boolean;
  /** Fails the marker alone. */
  markerFault?: ProbeFailure | undefined;
  /** Milliseconds that a part takes. */
  milliseconds?: number;
  certificateExpires?: number;
  /** Of which its hosts have addresses: IPv4 unless told otherwise. */
  families: readonly AddressFamily[];
  /** Ways that do not work, as `<url> <family>`, and why. */
  readonly broken: Map<string, ProbeFailure>;
  /** Blobs with a wrong byte, and where. */
  readonly wrong: Map<Digest, number>;
  readonly missing: Set<Digest>;
}

export interface ProbeCall {
  readonly mirror: MirrorId;
  readonly at: number;
  readonly url: string;
  readonly family: AddressFamily;
  readonly what: 'marker' | 'head' | 'range' | 'whole';
  /** Undefined for the marker. */
  readonly digest?: Digest;
  readonly range?: ByteRange;
}

export interface ScriptedProbe extends MirrorProbe {
  readonly calls: ProbeCall[];
  mirror(id: number): ScriptedMirror;
  /** Probes under way, and the most there ever were. */
  running(): number;
  peak(): number;
}

/** A MirrorProbe whose mirrors are as the test says. `now` stamps the calls. */
export function createScriptedProbe(now: () => number): ScriptedProbe {
  const mirrors = new Map<number, ScriptedMirror>();
  const calls: ProbeCall[] = [];
  let running = 0;
  let peak = 0;
  const find = (id: number): ScriptedMirror => {
    const found: ScriptedMirror = mirrors.get(id) ?? {
      serial: 5,
      families: [4],
      broken: new Map(),
      wrong: new Map(),
      missing: new Set(),
    };
    mirrors.set(id, found);
    return found;
  };
  const fail = (reason: ProbeFailure) => ({ ok: false as const, reason, detail: 'scripted' });
  const answer = async (
    { mirror: { id }, url, family }: MirrorWay,
    call: Pick<ProbeCall, 'what' | 'digest' | 'range'>,
    signal: AbortSignal,
  ) => {
    calls.push({ ...call, mirror: id, url, family, at: now() });
    const mirror = find(id);
    const fault = mirror.broken.get(`${url} ${family}`) ?? mirror.fault;
    running += 1;
    peak = Math.max(peak, running);
    if (fault === 'stall' && !signal.aborted) {
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
    }
    running -= 1;
    return fault === undefined ? undefined : fail(fault === 'stall' ? 'timeout' : fault);
  };
  const good = (id: number, bytes: number): ProbeOutcome => {
    const { milliseconds = 1, certificateExpires } = find(id);
    return {
      ok: true,
      milliseconds,
      bytes,
      ...(certificateExpires === undefined ? {} : { certificateExpires }),
    };
  };
  return {
    calls,
    mirror: find,
    running: () => running,
    peak: () => peak,
    async findFamilies({ id }) {
      const { families, fault } = find(id);
      return fault === 'address-not-allowed' ? fail(fault) : { ok: true, families };
    },
    async checkRange(way, { digest }, asked, _expected, signal): Promise<ProbeOutcome> {
      const [range, second] = 'start' in asked ? [asked] : asked;
      if (range === undefined) return fail('no-range');
      if (second !== undefined && !find(way.mirror.id).severalParts) return fail('no-range');
      const failed = await answer(way, { what: 'range', digest, range }, signal);
      if (failed !== undefined) return failed;
      const mirror = find(way.mirror.id);
      if (mirror.missing.has(digest)) return fail('status');
      const wrong = mirror.wrong.get(digest);
      if (wrong !== undefined && wrong >= range.start && wrong <= range.end) return fail('wrong-bytes');
      return good(way.mirror.id, range.end - range.start + 1);
    },
    async checkHead(way, { digest }, signal) {
      const failed = await answer(way, { what: 'head', digest }, signal);
      if (failed !== undefined) return failed;
      return find(way.mirror.id).missing.has(digest) ? fail('status') : good(way.mirror.id, 0);
    },
    async checkWhole(way, { digest, size }, signal) {
      const failed = await answer(way, { what: 'whole', digest }, signal);
      if (failed !== undefined) return failed;
      const mirror = find(way.mirror.id);
      if (mirror.missing.has(digest)) return fail('status');
      return mirror.wrong.has(digest) ? fail('wrong-bytes') : good(way.mirror.id, size);
    },
    async readSerial(way, signal) {
      const failed = await answer(way, { what: 'marker' }, signal);
      if (failed !== undefined) return failed;
      const mirror = find(way.mirror.id);
      if (mirror.markerFault !== undefined) return fail(mirror.markerFault);
      return { ok: true, serial: mirror.serial };
    },
  };
}
