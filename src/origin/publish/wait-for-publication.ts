import { setTimeout as sleep } from 'node:timers/promises';
import type { Digest } from '../../oci/digest.ts';
import { SignpostError } from '../../oci/errors.ts';
import { formatTaggedReference, type TaggedReference } from '../../oci/reference.ts';
import type { Publications } from '../../ports/publications.ts';
import type { StagedImages } from '../../ports/staged-images.ts';
import { throwIfCancelled } from './throw-if-cancelled.ts';

export interface WaitOptions {
  /** Milliseconds between looks. */
  readonly interval: number;
  /** Milliseconds. */
  readonly timeout: number;
  readonly signal: AbortSignal;
  /** Told why a signature was refused, or what is still missing; it may be signed again. */
  readonly onReason: (reason: string) => void;
}

/**
 * Waits until a staged image has been accepted, which is when its tag leads to it. The caller does not hold the content
 * lock, or nothing could be accepted.
 * @throws SignpostError NOT_FOUND when it was discarded, DENIED when another image has taken its place, UNAVAILABLE when
 *   the time is over, CANCELLED, STORAGE
 */
export async function waitForPublication(
  deps: {
    readonly publications: Pick<Publications, 'findTag'>;
    readonly stagedImages: Pick<StagedImages, 'list'>;
  },
  target: TaggedReference,
  list: Digest,
  { interval, timeout, signal, onReason }: WaitOptions,
): Promise<void> {
  const { repository, tag } = target;
  const name = formatTaggedReference(target);
  const end = performance.now() + timeout;
  let told: string | undefined;
  for (;;) {
    const waiting = await deps.stagedImages.list();
    const staged = waiting.find((image) => image.repository === repository && image.tag === tag);
    if (staged === undefined) {
      if ((await deps.publications.findTag(repository, tag))?.list === list) return;
      throw new SignpostError(
        'NOT_FOUND',
        `${name} is not staged any more, and was not published: it was discarded`,
      );
    }
    if (staged.list !== list) {
      throw new SignpostError(
        'DENIED',
        `${name} was staged again as ${staged.list}: it is not waited for any more`,
      );
    }
    if (staged.reason !== undefined && staged.reason !== told) onReason(staged.reason);
    told = staged.reason;
    if (performance.now() >= end) {
      throw new SignpostError('UNAVAILABLE', `${name} still waits for its signature: it stays staged`);
    }
    try {
      await sleep(interval, undefined, { signal });
    } catch {
      throwIfCancelled(signal);
    }
  }
}
