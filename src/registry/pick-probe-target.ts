import { carries, compileMirror } from '../mirrors/compiled-mirror.ts';
import type { Mirror } from '../mirrors/mirror.ts';
import type { ProbeTarget } from '../ports/mirror-probe.ts';
import type { RoutingSnapshot } from './routing-snapshot.ts';

/** How many samples are looked at for a mirror that carries little. */
const tries = 2000;

/**
 * A blob that the mirror should have when it is at `serial`: carried by it, and published at that serial or before.
 * @param random from 0 (included) to 1 (excluded)
 */
export function pickProbeTarget(
  snapshot: RoutingSnapshot,
  mirror: Mirror,
  serial: number,
  random: number,
): ProbeTarget | undefined {
  const { samples } = snapshot;
  const compiled = compileMirror(mirror, 0);
  const start = Math.floor(random * samples.length);
  for (let step = 0; step < Math.min(tries, samples.length); step += 1) {
    const blob = samples[(start + step) % samples.length];
    if (blob !== undefined && blob.serial <= serial && carries(compiled, blob.repository)) {
      return { repository: blob.repository, digest: blob.digest, size: blob.size };
    }
  }
  return undefined;
}
