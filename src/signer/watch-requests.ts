import type { Digest } from '../oci/digest.ts';
import { isSignpostError } from '../oci/errors.ts';
import type { RequestFile } from '../ports/hand-off-folder.ts';
import type { Clock, MonotonicClock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';
import type { SignerRecord } from '../ports/signer-record.ts';
import {
  type ConsideredRequest,
  type HandleDeps,
  type HandleOptions,
  answerRequest,
  considerRequest,
  finishBundles,
} from './handle-request.ts';
import { readApprovals } from './read-approvals.ts';
import { formatTime } from '../text/format-time.ts';

export interface WatchDeps extends Omit<HandleDeps, 'record'> {
  readonly clock: Clock & MonotonicClock;
  /** Opened only while there is something to do, so that a person can sign in between. */
  readonly openRecord: () => SignerRecord & Disposable;
  readonly log: Log;
}

/** How requests fared in one pass. */
export interface PassResult {
  readonly signed: number;
  readonly waiting: number;
  readonly refused: number;
  /** Requests whose signing failed: they are tried again. */
  readonly failed: number;
  /** What lies in the folder for requests under a name that none has. */
  readonly ignored: readonly string[];
}

/** A file that is damaged and was written less than this long ago may still be on its way, in milliseconds. */
const settlingTime = 60_000;
/** How often a request that waits is looked at without a new approval: hours come and go. In milliseconds. */
const waitingInterval = 5 * 60_000;
/** How long after a failure, such as a smart card that is not there, signing is tried again, in milliseconds. */
const retryInterval = 60_000;
/** Requests that wait for a person at the same time. */
const waitingLimit = 1000;

/**
 * Creates what goes over the folder once for each call. It remembers between calls only what it need not look at yet.
 * @throws SignpostError STORAGE, LOCKED when another signer uses the record, CANCELLED
 */
export function createWatch(deps: WatchDeps, options: HandleOptions): () => Promise<PassResult> {
  let told: ReadonlySet<string> = new Set();
  let later = new Map<string, { readonly due: number; readonly approvals: string }>();

  return async () => {
    const now = deps.clock.monotonic();
    const { files, ignored } = await deps.requests.list();
    for (const name of ignored) {
      if (!told.has(name))
        deps.log.warn('ignored: a request is a regular file whose name ends in ".request"', { name });
    }
    told = new Set(ignored);
    const approvals = readApprovals(await deps.requests.approvals(), deps.policy.approvers);
    const all = listAll(approvals);
    const isDue = (file: RequestFile) => {
      const known = later.get(keyOf(file));
      return known === undefined || known.due <= now || known.approvals !== all;
    };
    const due = files.filter(isDue);
    const waitingNow = files.length - due.length;
    const result = { signed: 0, waiting: waitingNow, refused: 0, failed: 0, ignored };
    const present = new Set(files.map(keyOf));
    later = new Map([...later].filter(([key]) => present.has(key)));
    if (due.length === 0 && (await deps.bundles.settled()).length === 0) return result;

    using record = deps.openRecord();
    const pass = { ...deps, record };
    const finished = await finishBundles(pass);
    for (const bundle of finished.released) deps.log.warn('finished an interrupted bundle', { bundle });
    for (const bundle of finished.discarded) deps.log.warn('removed an unanswered bundle', { bundle });
    let waiting = files.filter(({ place }) => place === 'waiting').length;
    for (const file of due) {
      const outcome = await handleSafely(pass, file, approvals, options, waiting);
      if (outcome === 'waiting' && file.place === 'in') waiting += 1;
      if (isCounted(outcome)) result[outcome] += 1;
      later.delete(keyOf(file));
      if (outcome === 'waiting') {
        later.set(keyOf({ ...file, place: 'waiting' }), { due: now + waitingInterval, approvals: all });
      } else if (outcome === 'failed') {
        later.set(keyOf(file), { due: now + retryInterval, approvals: all });
      }
    }
    return result;
  };
}

type Counted = Exclude<keyof PassResult, 'ignored'>;
type Outcome = Counted | 'done' | 'gone' | 'unfinished';

function isCounted(outcome: Outcome): outcome is Counted {
  return outcome !== 'done' && outcome !== 'gone' && outcome !== 'unfinished';
}

/** One request that cannot be dealt with must not keep the others from being signed. */
async function handleSafely(
  deps: HandleDeps & Pick<WatchDeps, 'log'>,
  file: RequestFile,
  approvals: ReadonlyMap<Digest, readonly Digest[]>,
  options: HandleOptions,
  waiting: number,
): Promise<Outcome> {
  try {
    return await handle(deps, file, approvals, options, waiting);
  } catch (error) {
    if (isSignpostError(error, 'CANCELLED')) throw error;
    deps.log.error('cannot deal with a request', { name: file.name, error });
    return 'failed';
  }
}

async function handle(
  deps: HandleDeps & Pick<WatchDeps, 'log'>,
  file: RequestFile,
  approvals: ReadonlyMap<Digest, readonly Digest[]>,
  options: HandleOptions,
  waiting: number,
): Promise<Outcome> {
  const { requests, log, clock } = deps;
  const found = await considerRequest(deps, file, approvals, options);
  const name = file.name;
  switch (found.kind) {
    case 'gone':
      return 'gone';
    case 'already-signed':
      await requests.move(file, 'done', ['it was signed before: its bundle is, or was, in "out"']);
      log.info('already signed', { name, request: found.request });
      return 'done';
    case 'damaged':
      if (Math.abs(clock.now() - file.written) < settlingTime) return 'unfinished';
      await requests.move(file, 'refused', [found.reason]);
      log.warn('refused', { name, reasons: [found.reason] });
      return 'refused';
    case 'considered':
      break;
  }
  const { decision } = found;
  const fields = { name, ...describe(found) };
  if (decision.kind === 'allow') {
    const { path, signatures, expires } = await answerRequest(deps, file, found, options);
    log.info('signed', { ...fields, bundle: path, signatures, expires: formatTime(expires) });
    return 'signed';
  }
  if (decision.kind === 'refuse' || (file.place === 'in' && waiting >= waitingLimit)) {
    const reasons =
      decision.kind === 'refuse'
        ? decision.reasons
        : [`${waiting} requests wait already`, ...decision.reasons];
    await requests.move(file, 'refused', reasons);
    log.warn('refused', { ...fields, reasons });
    return 'refused';
  }
  await requests.move(file, 'waiting', decision.reasons);
  if (file.place === 'in') log.info('waiting for a person', { ...fields, reasons: decision.reasons });
  return 'waiting';
}

function describe({ read, plan, requester }: ConsideredRequest): Readonly<Record<string, unknown>> {
  return {
    request: read.request,
    serial: plan.header.serial,
    images: plan.images.length,
    changed: plan.images.filter(({ change }) => change !== 'same').length,
    requester: requester.kind === 'unsealed' ? 'nobody' : `${requester.kind} ${requester.key}`,
  };
}

/** A file with another content has another size or time. */
function keyOf({ place, name, size, written }: RequestFile): string {
  return `${place}/${name} ${size} ${written}`;
}

/** Every approval that holds. */
function listAll(approvals: ReadonlyMap<Digest, readonly Digest[]>): string {
  return [...approvals]
    .map(([request, keys]) => `${request} ${keys.toSorted().join(' ')}`)
    .sort()
    .join('\n');
}
