import { carries, compileMirror } from '../../mirrors/compiled-mirror.ts';
import type { Mirror } from '../../mirrors/mirror.ts';
import type { ProbeTarget } from '../../ports/mirror-probe.ts';
import type { PublishedBlob } from '../../ports/publications.ts';
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
  return pickFrom(snapshot.samples, mirror, random, (blob) => blob.serial <= serial);
}

/** The same among the newest blobs, published after `above` and up to `upTo`. */
export function pickNewestTarget(
  snapshot: RoutingSnapshot,
  mirror: Mirror,
  { above, upTo }: { readonly above: number; readonly upTo: number },
  random: number,
): ProbeTarget | undefined {
  return pickFrom(snapshot.newest, mirror, random, ({ serial }) => serial > above && serial <= upTo);
}

function pickFrom(
  blobs: readonly PublishedBlob[],
  mirror: Mirror,
  random: number,
  fits: (blob: PublishedBlob) => boolean,
): ProbeTarget | undefined {
  const compiled = compileMirror(mirror, 0);
  const start = Math.floor(random * blobs.length);
  for (let step = 0; step < Math.min(tries, blobs.length); step += 1) {
    const blob = blobs[(start + step) % blobs.length];
    if (blob !== undefined && fits(blob) && carries(compiled, blob.repository)) {
      return { repository: blob.repository, digest: blob.digest, size: blob.size };
    }
  }
  return undefined;
}
