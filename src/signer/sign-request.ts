import { SignpostError } from '../oci/errors.ts';
import { describeClockDoubts, usualRequestAge } from '../trust/compare-clocks.ts';
import { findForgotten, refuseForgotten } from './find-forgotten.ts';
import { type SigningPlan, planSigning, refuseJump, refuseRollback } from './plan-signing.ts';
import { readRequest } from './read-request.ts';
import { type SignPlanDeps, type SignPlanOptions, type SignResult, signPlan } from './sign-plan.ts';

export interface SignDeps extends SignPlanDeps {
  /** Shows a person what would be signed, and why the clocks do not fit together. False ends the work. */
  readonly review: (plan: SigningPlan, clockDoubts: readonly string[]) => Promise<boolean>;
}

export interface SignOptions extends SignPlanOptions {
  readonly allowRollback: boolean;
  /** Goes on although the record does not know of what this signer signed: it is an old copy. */
  readonly adoptRecord: boolean;
}

/**
 * Turns a signing request into a signature bundle. Nothing of the request is believed but its bytes. The signer's
 * record is on disk before the bundle appears, so that what left is never unknown to it.
 * @throws SignpostError REQUEST_INVALID, MANIFEST_INVALID, LIMIT_EXCEEDED, ROLLBACK, CANCELLED, TRUST, STORAGE
 */
export async function signRequest(
  deps: SignDeps,
  lines: AsyncIterable<Uint8Array>,
  options: SignOptions,
): Promise<SignResult> {
  const request = await readRequest(lines);
  const plan = planSigning(request, deps.record);
  if (!options.allowRollback) refuseRollback(plan);
  refuseJump(plan);
  const now = deps.clock.now();
  if (!options.adoptRecord) refuseForgotten(findForgotten(request, deps.keys, deps.record, now));
  const doubts = describeClockDoubts(plan, usualRequestAge, now);
  if (!(await deps.review(plan, doubts))) throw new SignpostError('CANCELLED', 'nothing was signed');
  return signPlan(deps, request, plan, options);
}
