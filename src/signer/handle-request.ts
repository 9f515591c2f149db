import type { Digest } from '../oci/digest.ts';
import { isSignpostError } from '../oci/errors.ts';
import { escapeActing } from '../oci/show-value.ts';
import type { HandOffBundles, HandOffRequests, RequestFile } from '../ports/hand-off-folder.ts';
import { type SealEvidence, readSealEvidence } from '../trust/hand-off/seal.ts';
import { type Decision, type SignerPolicy, decide } from '../trust/hand-off/signer-policy.ts';
import { type Forgotten, describeForgotten, findForgotten } from './find-forgotten.ts';
import { type SigningPlan, describeJump, planSigning } from './plan-signing.ts';
import { type ReadRequest, readRequest } from './read-request.ts';
import { type SignPlanDeps, type SignPlanOptions, type SignResult, signPlan } from './sign-plan.ts';

export interface HandleDeps extends Omit<SignPlanDeps, 'createBundle'> {
  readonly requests: HandOffRequests;
  readonly bundles: HandOffBundles;
  readonly policy: SignerPolicy;
  /** Larger requests are refused unread, in bytes. */
  readonly sizeLimit: number;
}

export type HandleOptions = SignPlanOptions;

/** A request with everything that decides about it. */
export interface ConsideredRequest {
  readonly read: ReadRequest;
  readonly plan: SigningPlan;
  readonly requester: SealEvidence;
  readonly decision: Decision;
  /** What the record ought to know and does not. */
  readonly forgotten: readonly Forgotten[];
}

export type Considered =
  | ({ readonly kind: 'considered' } & ConsideredRequest)
  | { readonly kind: 'already-signed'; readonly request: Digest }
  | { readonly kind: 'damaged'; readonly reason: string }
  | { readonly kind: 'gone' };

/**
 * Reads a request and decides about it. `approvals` are the keys that approved each request. Changes nothing.
 * @throws SignpostError STORAGE, CANCELLED; whatever else is wrong is the request's fault, and what it is found to be
 */
export async function considerRequest(
  deps: HandleDeps,
  file: RequestFile,
  approvals: ReadonlyMap<Digest, readonly Digest[]>,
  options: Pick<HandleOptions, 'life'>,
): Promise<Considered> {
  try {
    return await consider(deps, file, approvals, options);
  } catch (error) {
    if (isSignpostError(error, 'NOT_FOUND')) return { kind: 'gone' };
    if (isOwnFault(error)) return { kind: 'damaged', reason: escapeActing((error as Error).message) };
    throw error;
  }
}

/** Whether an error comes from what is in the file: also one that only a fault of the reader's makes of it. */
function isOwnFault(error: unknown): boolean {
  const codes = ['REQUEST_INVALID', 'MANIFEST_INVALID', 'REFERENCE_INVALID', 'LIMIT_EXCEEDED'] as const;
  if (codes.some((code) => isSignpostError(error, code))) return true;
  return error instanceof RangeError || error instanceof TypeError || error instanceof SyntaxError;
}

async function consider(
  deps: HandleDeps,
  file: RequestFile,
  approvals: ReadonlyMap<Digest, readonly Digest[]>,
  { life }: Pick<HandleOptions, 'life'>,
): Promise<Considered> {
  const { policy, record, keys, metadata = [], clock, sizeLimit } = deps;
  if (file.size > sizeLimit) {
    return { kind: 'damaged', reason: `it has ${file.size} bytes: at most ${sizeLimit} are read` };
  }
  const read = await readRequest(deps.requests.read(file));
  if (record.findBundle(read.request) !== undefined) return { kind: 'already-signed', request: read.request };
  const plan = planSigning(read, record);
  const requester = readSealEvidence(read.sealed.seal, read.sealed.message, policy.requesters);
  const petition = {
    ...plan,
    requester,
    approvals: approvals.get(read.request) ?? [],
    formats: [...keys.map(({ signer }) => signer.format), ...metadata.map(({ format }) => format)],
    life,
  };
  const now = clock.now();
  const forgotten = findForgotten(read, keys, record, now);
  const { decision } = decide(policy, petition, now);
  return {
    kind: 'considered',
    read,
    plan,
    requester,
    forgotten,
    decision: withDoubts(refuseJumps(decision, plan), describeForgotten(forgotten)),
  };
}

function refuseJumps(decision: Decision, { jumps }: SigningPlan): Decision {
  if (jumps.length === 0) return decision;
  const others = decision.kind === 'refuse' ? decision.reasons : [];
  return { kind: 'refuse', reasons: [...jumps.map(describeJump), ...others] };
}

function withDoubts(decision: Decision, doubts: readonly string[]): Decision {
  if (doubts.length === 0 || decision.kind === 'refuse') return decision;
  return { kind: 'wait', reasons: [...doubts, ...(decision.kind === 'wait' ? decision.reasons : [])] };
}

/** Signs a request and puts it away. */
export async function answerRequest(
  deps: HandleDeps,
  file: RequestFile,
  { read, plan }: Pick<ConsideredRequest, 'read' | 'plan'>,
  options: HandleOptions,
): Promise<SignResult> {
  const createBundle = () => deps.bundles.create(bundleName(plan.header.serial, read.request));
  const result = await signPlan({ ...deps, createBundle }, read, plan, options);
  await deps.requests.move(file, 'done', []);
  await deps.requests.forgetApprovals(read.request);
  return result;
}

/**
 * Finishes what an interrupted signer left: a settled bundle that the record knows of is released, any other one was
 * never answered for and goes.
 */
export async function finishBundles({
  bundles,
  record,
}: Pick<HandleDeps, 'bundles' | 'record'>): Promise<{
  readonly released: readonly string[];
  readonly discarded: readonly string[];
}> {
  const released: string[] = [];
  const discarded: string[] = [];
  for (const { name, digest } of await bundles.settled()) {
    const request = requestOf(name);
    if (request !== undefined && record.findBundle(request) === digest) {
      await bundles.release(name);
      released.push(name);
    } else {
      await bundles.discard(name);
      discarded.push(name);
    }
  }
  return { released, discarded };
}

// The name tells which request it answers, so that whoever finds it after a crash can ask the record.
function bundleName(serial: number, request: Digest): string {
  return `signature-bundle-${serial}-${request.replace(':', '-')}.bundle`;
}

function requestOf(name: string): Digest | undefined {
  const hex = /^signature-bundle-\d{1,16}-sha256-([0-9a-f]{64})\.(?:bundle|jsonl)$/.exec(name)?.[1];
  return hex === undefined ? undefined : (`sha256:${hex}` as Digest);
}
