import type { Digest } from '../../src/oci/digest.ts';
import type { ByteRange } from '../../src/oci/range.ts';
import type { MirrorId } from '../../src/mirrors/mirror.ts';
import type { MirrorProbe, ProbeFailure, ProbeOutcome } from '../../src/ports/mirror-probe.ts';

/** How one mirror is at the moment. */
export interface ScriptedMirror {
  serial: number;
  /** Fails everything; `stall` only when the signal says so. */
  fault?: ProbeFailure | 'stall' | undefined;
  /** Fails the marker alone. */
  markerFault?: ProbeFailure | undefined;
  /** How long its marker is. */
  markerBytes?: number;
  /** Blobs with a wrong byte, and where. */
  readonly wrong: Map<Digest, number>;
  readonly missing: Set<Digest>;
}

export interface ProbeCall {
  readonly mirror: MirrorId;
  readonly at: number;
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
    const found: ScriptedMirror = mirrors.get(id) ?? { serial: 5, wrong: new Map(), missing: new Set() };
    mirrors.set(id, found);
    return found;
  };
  const fail = (reason: ProbeFailure) => ({ ok: false as const, reason, detail: 'scripted' });
  const answer = async (fault: ScriptedMirror['fault'], signal: AbortSignal) => {
    running += 1;
    peak = Math.max(peak, running);
    if (fault === 'stall' && !signal.aborted) {
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
    }
    running -= 1;
    return fault === undefined ? undefined : fail(fault === 'stall' ? 'timeout' : fault);
  };
  return {
    calls,
    mirror: find,
    running: () => running,
    peak: () => peak,
    async checkRange({ id }, { digest }, range, _expected, signal): Promise<ProbeOutcome> {
      calls.push({ mirror: id, at: now(), digest, range });
      const mirror = find(id);
      const failed = await answer(mirror.fault, signal);
      if (failed !== undefined) return failed;
      if (mirror.missing.has(digest)) return fail('status');
      const wrong = mirror.wrong.get(digest);
      if (wrong !== undefined && wrong >= range.start && wrong <= range.end) return fail('wrong-bytes');
      return { ok: true, milliseconds: 1, families: { ipv4: true, ipv6: false } };
    },
    async readSerial({ id }, signal) {
      calls.push({ mirror: id, at: now() });
      const mirror = find(id);
      const failed = await answer(mirror.fault, signal);
      if (failed !== undefined) return failed;
      const bytes = mirror.markerBytes === undefined ? {} : { bytes: mirror.markerBytes };
      if (mirror.markerFault !== undefined) return { ...fail(mirror.markerFault), ...bytes };
      return { ok: true, serial: mirror.serial, ...bytes };
    },
  };
}
