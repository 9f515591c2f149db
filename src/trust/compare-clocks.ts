import { formatTime } from '../text/format-time.ts';

/** How far two clocks may differ, in milliseconds: the isolated machine has nothing to set its own by. */
export const clockTolerance = 5 * 60_000;

/** A request that is older than this is asked about, in milliseconds, unless a policy says otherwise. */
export const usualRequestAge = 7 * 86_400_000;

/** What a signer knows of time but for its own clock. */
export interface DatedRequest {
  /** `created` is in seconds since the epoch. */
  readonly header: { readonly created: number };
  /** `signed` is when this machine last signed the tag, in milliseconds since the epoch. */
  readonly images: readonly { readonly previous?: { readonly signed: number } }[];
}

/**
 * Why a request and the clock of this machine do not fit together. Signatures carry this machine's time: made with a slow
 * clock they have expired when they arrive, made with a fast one they are refused until then. Times are milliseconds.
 */
export function describeClockDoubts(
  { header, images }: DatedRequest,
  maximumAge: number,
  now: number,
): readonly string[] {
  const created = header.created * 1000;
  const latest = Math.max(0, ...images.map(({ previous }) => previous?.signed ?? 0));
  const own = `this machine's clock says ${formatTime(now)}`;
  return [
    ...(created > now + clockTolerance
      ? [`the request is of ${formatTime(created)}, which is in the future: ${own}; check both clocks`]
      : []),
    ...(created < now - maximumAge
      ? [
          `the request is of ${formatTime(created)}, and ${own}: somebody may have kept the request back, or a clock is wrong`,
        ]
      : []),
    ...(latest > now + clockTolerance
      ? [`${own}, but it signed on ${formatTime(latest)}: set the clock`]
      : []),
  ];
}

/**
 * What is wrong with the clock of the signer who made a bundle, or with the one here, or undefined. `staged` is when the
 * newest image of the bundle was staged: nothing is signed before that. Times are milliseconds.
 */
export function describeSignerClock(made: number, staged: number, now: number): string | undefined {
  if (made > now + clockTolerance) {
    return `the bundle says it was made on ${formatTime(made)}, which is in the future: the signer's clock is fast, or the one here is slow`;
  }
  if (made < staged - clockTolerance) {
    return `the bundle says it was made on ${formatTime(made)}, before what it signs was staged (${formatTime(staged)}): the signer's clock is slow, and its signatures expire early`;
  }
  return undefined;
}

/** Why the clock here seems to be slow, or undefined: something was signed on `signed`. Times are milliseconds. */
export function describeSlowClock(signed: number, now: number): string | undefined {
  if (signed <= now + clockTolerance) return undefined;
  return `this machine's clock says ${formatTime(now)}, but something that is published was signed on ${formatTime(signed)}: the clock here is slow, and nothing is seen to expire in time; set it`;
}
