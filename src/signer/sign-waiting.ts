import { SignpostError } from '../oci/errors.ts';
import {
  type ConsideredRequest,
  type HandleDeps,
  type HandleOptions,
  answerRequest,
  considerRequest,
  finishBundles,
} from './handle-request.ts';
import { readApprovals } from './read-approvals.ts';
import { refuseForgotten } from './find-forgotten.ts';
import type { SignOptions } from './sign-request.ts';
import type { SignResult } from './sign-plan.ts';

export interface SignWaitingDeps extends HandleDeps {
  /** Shows a person one request, with the reasons why it waits. */
  readonly choose: (name: string, request: ConsideredRequest) => Promise<'sign' | 'leave' | 'refuse'>;
}

export type WaitingOutcome =
  | { readonly name: string; readonly kind: 'signed'; readonly result: SignResult }
  | { readonly name: string; readonly kind: 'left' | 'already-signed' }
  | { readonly name: string; readonly kind: 'refused'; readonly reasons: readonly string[] };

/**
 * Has a person decide about the requests that wait, or about those that `names` holds. What the policy refuses, such as
 * a request that goes back, is refused here too.
 * @throws SignpostError NOT_FOUND when one that was named does not wait, ROLLBACK when the record is behind, and what
 * signing throws
 */
export async function signWaiting(
  deps: SignWaitingDeps,
  names: readonly string[],
  options: HandleOptions & Pick<SignOptions, 'adoptRecord'>,
): Promise<readonly WaitingOutcome[]> {
  await finishBundles(deps);
  const waiting = (await deps.requests.list()).files.filter(({ place }) => place === 'waiting');
  const unknown = names.find((name) => waiting.every((file) => file.name !== name));
  if (unknown !== undefined) {
    throw new SignpostError('NOT_FOUND', `no request of the name ${unknown} waits`);
  }
  const approvals = readApprovals(await deps.requests.approvals(), deps.policy.approvers);
  const outcomes: WaitingOutcome[] = [];
  for (const file of waiting.filter(({ name }) => names.length === 0 || names.includes(name))) {
    const { name } = file;
    const found = await considerRequest(deps, file, approvals, options);
    if (found.kind === 'gone') continue;
    if (found.kind === 'already-signed') {
      await deps.requests.move(file, 'done', ['it was signed before']);
      outcomes.push({ name, kind: 'already-signed' });
      continue;
    }
    const ruledOut = reasonsAgainst(found);
    const choice = ruledOut === undefined ? await choose(deps, name, found) : 'refuse';
    if (choice === 'sign' && found.kind === 'considered') {
      if (!options.adoptRecord) refuseForgotten(found.forgotten);
      outcomes.push({ name, kind: 'signed', result: await answerRequest(deps, file, found, options) });
    } else if (choice === 'refuse') {
      const reasons = ruledOut ?? ['a person refused it'];
      await deps.requests.move(file, 'refused', reasons);
      outcomes.push({ name, kind: 'refused', reasons });
    } else {
      outcomes.push({ name, kind: 'left' });
    }
  }
  return outcomes;
}

type Found = Exclude<Awaited<ReturnType<typeof considerRequest>>, { kind: 'gone' | 'already-signed' }>;

function reasonsAgainst(found: Found): readonly string[] | undefined {
  if (found.kind === 'damaged') return [found.reason];
  return found.decision.kind === 'refuse' ? found.decision.reasons : undefined;
}

function choose(
  { choose }: SignWaitingDeps,
  name: string,
  found: Found,
): Promise<'sign' | 'leave' | 'refuse'> {
  return found.kind === 'considered' ? choose(name, found) : Promise.resolve('refuse');
}
