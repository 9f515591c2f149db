import type { Digest } from '../../oci/digest.ts';
import type { ByteRange } from '../../oci/range.ts';
import type { ProbeTarget } from '../../ports/mirror-probe.ts';
import { evidenceRanges, pieceAt, pieces, wholeCheckSize } from './check-ranges.ts';

/** What one failure report makes a probe look at. */
export interface SweepStep {
  readonly target: ProbeTarget;
  readonly ranges: readonly ByteRange[];
  /** How far the blob has been read when all of them were right, in bytes. */
  readonly upTo: number;
  /** What the ranges amount to, in bytes. */
  readonly bytes: number;
}

interface Sweep {
  readonly upTo: number;
  readonly at: number;
}

const stepSize = 16 * 1024 * 1024;
const verifiedTime = 60_000;
const memory = 16;

/**
 * How far each suspected blob of one mirror has been read. A client that was given one wrong byte in a large blob only
 * asks again; each time it does, the next piece of the blob is read, until all of it was right or the byte is found.
 */
export class EvidenceSweep {
  readonly #sweeps = new Map<Digest, Sweep>();

  /**
   * The next step for a suspected blob; undefined when all of it was right within the last minute.
   * @param offset where the client went on: what is there is looked at first
   */
  next(target: ProbeTarget, now: number, offset?: number): SweepStep | undefined {
    const sweep = this.#sweeps.get(target.digest);
    const whole = sweep !== undefined && sweep.upTo >= target.size;
    if (whole && now - sweep.at < verifiedTime) return undefined;
    const from = sweep === undefined || whole ? 0 : sweep.upTo;
    const upTo = Math.min(target.size, from + stepSize);
    const asked = offset === undefined ? [] : [pieceAt(target.size, offset)];
    const first = from === 0 && target.size > wholeCheckSize ? evidenceRanges(target.size) : [];
    const ranges = [...asked, ...first, ...pieces(from, upTo)];
    const bytes = ranges.reduce((sum, { start, end }) => sum + end - start + 1, 0);
    return { target, ranges, upTo, bytes };
  }

  /** All of a step was right. */
  passed(step: SweepStep, now: number): void {
    const { digest } = step.target;
    this.#sweeps.delete(digest);
    this.#sweeps.set(digest, { upTo: step.upTo, at: now });
    for (const oldest of this.#sweeps.keys()) {
      if (this.#sweeps.size <= memory) break;
      this.#sweeps.delete(oldest);
    }
  }
}
