import type { Mirror } from '../../mirrors/mirror.ts';
import { quote } from '../../oci/digest.ts';
import type { MirrorRegistry } from '../../ports/mirror-registry.ts';
import { type ProblemAnswer, problem } from './problem.ts';

/** The mirror of that name. */
export async function findMirror(
  registry: Pick<MirrorRegistry, 'list'>,
  name: string,
): Promise<Mirror | ProblemAnswer> {
  const mirror = (await registry.list()).find((one) => one.name === name);
  return mirror ?? problem(404, `there is no mirror named ${quote(name)}`, 'NOT_FOUND');
}
