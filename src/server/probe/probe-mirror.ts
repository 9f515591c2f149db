import { type ProbeJob, type ProbeFinding, type ProbeMirrorDeps } from './visit.ts';
import { MirrorWays } from './mirror-ways.ts';
import { ProbeVisit } from './probe-visit.ts';

/**
 * Visits a mirror once: its serial when that is wanted, then the checks, by one of the ways to it, and by others where
 * that way fails. Throws only for what is wrong at the origin.
 * @param onHeard is called whenever the mirror has answered as it should
 */
export async function probeMirror(
  deps: ProbeMirrorDeps,
  job: ProbeJob,
  stop: AbortSignal,
  onHeard: () => void = () => undefined,
): Promise<ProbeFinding> {
  const ways = new MirrorWays(deps, job, stop, onHeard);
  const visit = new ProbeVisit(deps, job, ways);
  return { ...(await visit.run()), ...ways.report() };
}
