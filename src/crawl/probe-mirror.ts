import { isSignpostError } from '../oci/errors.ts';
import type { ByteRange } from '../oci/range.ts';
import type { Mirror } from '../mirrors/mirror.ts';
import type { ProbeVerdict } from '../mirrors/mirror-state.ts';
import type {
  AddressFamilies,
  MirrorProbe,
  ProbeFailure,
  ProbeOutcome,
  ProbeTarget,
  SerialOutcome,
} from '../ports/mirror-probe.ts';
import type { TreeReader } from '../ports/tree.ts';
import type { SweepStep } from './evidence-sweep.ts';

/** One part of one blob. */
export interface Check {
  readonly target: ProbeTarget;
  readonly range: ByteRange;
}

export interface ProbeJob {
  readonly mirror: Mirror;
  /** The serial known so far; 0 is unknown. */
  readonly serial: number;
  readonly askSerial: boolean;
  /** The checks to make, once the serial is known. They are made in order until one fails. */
  readonly checks: (serial: number) => Iterable<Check>;
  /** The checks amount to a full check. */
  readonly full: boolean;
  /** What a suspicion wants read, when that is what the checks are. */
  readonly evidence?: SweepStep;
}

export interface ProbeFinding {
  readonly verdict: ProbeVerdict;
  /** The part that the mirror failed on. */
  readonly failed?: Check;
  /** Its address is one that this machine must not connect to. */
  readonly unreachable?: true;
  /** Why it failed, as one of few words. */
  readonly failure?: ProbeFailure | 'ahead';
  /** How long the mirror took for the last part that was good. */
  readonly milliseconds?: number;
  /** How much of `publication.json` was read. */
  readonly markerBytes?: number;
}

export interface ProbeMirrorDeps {
  readonly probe: MirrorProbe;
  readonly tree: Pick<TreeReader, 'readBlob'>;
  /** The publication serial of the tree now. */
  readonly treeSerial: () => number;
  /** For each request, in milliseconds. */
  readonly probeTimeout: number;
}

type Failure = Extract<ProbeOutcome, { ok: false }>;

/** These say that the mirror is not there at all, whatever was asked for. */
const absent: ReadonlySet<ProbeFailure> = new Set([
  'refused',
  'timeout',
  'tls',
  'redirect',
  'address-not-allowed',
]);

/**
 * Probes a mirror once: its serial when that is wanted, then the checks. Throws only for what is wrong at the origin.
 */
export async function probeMirror(
  deps: ProbeMirrorDeps,
  job: ProbeJob,
  stop: AbortSignal,
): Promise<ProbeFinding> {
  if (!job.askSerial) return makeChecks(deps, job, job.serial, stop);
  const answer = await limited(deps, stop, (signal) => deps.probe.readSerial(job.mirror, signal));
  const serial = serialFrom(answer, job, deps.treeSerial());
  const finding = typeof serial === 'number' ? await makeChecks(deps, job, serial, stop) : serial;
  return answer.bytes === undefined ? finding : { ...finding, markerBytes: answer.bytes };
}

/** The serial to go on with, or why the mirror has failed already. */
function serialFrom(answer: SerialOutcome, job: ProbeJob, newest: number): number | ProbeFinding {
  if (answer.ok) {
    // Above the newest it is a lie, or this process has not seen a publication yet that the mirror has: not believed.
    if (answer.serial <= newest) return answer.serial;
    return job.serial === 0 ? aheadOf(answer.serial, newest) : job.serial;
  }
  // A mirror that is known to hold something still holds it while its marker cannot be read.
  if (absent.has(answer.reason) || job.serial === 0) return failure(answer, 'publication.json');
  return job.serial;
}

async function makeChecks(
  deps: ProbeMirrorDeps,
  job: ProbeJob,
  serial: number,
  stop: AbortSignal,
): Promise<ProbeFinding> {
  let families: AddressFamilies | undefined;
  let milliseconds: number | undefined;
  for (const check of job.checks(serial)) {
    const expected = await readExpected(deps, check);
    if (expected === undefined) continue;
    const outcome = await limited(deps, stop, (signal) =>
      deps.probe.checkRange(job.mirror, check.target, check.range, expected, signal),
    );
    if (!outcome.ok) return { ...failure(outcome, describe(check)), failed: check };
    families = outcome.families ?? families;
    milliseconds = outcome.milliseconds;
  }
  const verdict = { ok: true as const, full: job.full, serial, ...families };
  return milliseconds === undefined ? { verdict } : { verdict, milliseconds };
}

/** The origin's own bytes; undefined when the blob has been retired since it was picked. */
async function readExpected(deps: ProbeMirrorDeps, check: Check): Promise<Uint8Array | undefined> {
  try {
    return await deps.tree.readBlob(check.target.repository, check.target.digest, check.range);
  } catch (error) {
    if (isSignpostError(error, 'NOT_FOUND')) return undefined;
    throw error;
  }
}

async function limited<T>(
  deps: ProbeMirrorDeps,
  stop: AbortSignal,
  ask: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const timeout = new AbortController();
  const timer = setTimeout(() => timeout.abort(), deps.probeTimeout);
  try {
    return await ask(AbortSignal.any([stop, timeout.signal]));
  } finally {
    clearTimeout(timer);
  }
}

function failure(outcome: Failure, what: string): ProbeFinding {
  const verdict = {
    ok: false as const,
    wrongBytes: outcome.reason === 'wrong-bytes',
    reason: `${outcome.reason}: ${outcome.detail} (${what})`,
  };
  const finding = { verdict, failure: outcome.reason };
  return outcome.reason === 'address-not-allowed' ? { ...finding, unreachable: true } : finding;
}

function aheadOf(serial: number, newest: number): ProbeFinding {
  const reason = `marker: its publication.json says serial ${serial}, but the newest publication is ${newest}`;
  return { verdict: { ok: false, wrongBytes: false, reason }, failure: 'ahead' };
}

function describe(check: Check): string {
  const { target, range } = check;
  return `bytes ${range.start}-${range.end} of ${target.repository}@${target.digest}`;
}
