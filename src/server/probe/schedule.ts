import type { BudgetSettings } from './probe-budget.ts';
import type { MirrorState } from '../../mirrors/mirror-state.ts';

/** From the configuration (`mirrors`). Times are in milliseconds. */
export interface ProbeSettings extends BudgetSettings {
  readonly probeTimeout: number;
  readonly probeInterval: number;
  readonly idleProbeInterval: number;
  readonly recoveryInterval: number;
  /** Between blobs that are read whole. */
  readonly wholeBlobInterval: number;
  /** A certificate that ends in less than this is warned of. */
  readonly certificateWarning: number;
}

/** What decides when a mirror is probed. Times are monotonic, in milliseconds, -Infinity for never. */
export interface ProbeHistory {
  readonly state: MirrorState;
  /** When a client was last sent there. */
  readonly sentAt: number;
  /** When the last probe began. */
  readonly probedAt: number;
  /** When it last came in or went out. */
  readonly changedAt: number;
  /** When its serial was last asked for. */
  readonly serialAt: number;
  /** Since when the tree has had a higher serial than the mirror; undefined when it has not. */
  readonly behindSince: number | undefined;
  /** 0 to 1, drawn anew for each probe, so that idle mirrors are not all probed at once. */
  readonly jitter: number;
  /** Somebody who knows wants it probed now. */
  readonly asked: boolean;
}

const activeTime = 60_000;
const serialInterval = 30_000;
/** So that nobody can have a mirror flooded. */
const askedPause = 1000;

/** Whether clients have been sent to the mirror in the last minute. */
export function isActive(history: ProbeHistory, now: number): boolean {
  return now - history.sentAt < activeTime;
}

/**
 * When the mirror is due for its next probe: at once when it was never probed, soon when clients are sent there, soon
 * after a failure and then more and more rarely (after 1/300 of the time that it has been out), soon after a
 * publication and then more and more rarely, and otherwise hardly ever.
 */
export function probeDue(history: ProbeHistory, settings: ProbeSettings, now: number): number {
  const { probedAt, state } = history;
  if (probedAt === -Infinity) return -Infinity;
  if (history.asked) return probedAt + askedPause;
  const { probeInterval, idleProbeInterval, recoveryInterval } = settings;
  if (!state.healthy) {
    return probedAt + backOff((now - history.changedAt) / 300, recoveryInterval, idleProbeInterval);
  }
  const regular = isActive(history, now) ? probeInterval : idleProbeInterval * (0.8 + 0.4 * history.jitter);
  return Math.min(probedAt + regular, behindDue(history, settings, now));
}

/** Whether the probe that begins now should ask for the serial, too. */
export function serialDue(history: ProbeHistory, settings: ProbeSettings, now: number): boolean {
  if (history.state.serial === 0 || now - history.serialAt >= serialInterval) return true;
  return behindDue(history, settings, now) <= now;
}

function behindDue(history: ProbeHistory, settings: ProbeSettings, now: number): number {
  if (history.behindSince === undefined) return Infinity;
  const wait = backOff(
    (now - history.behindSince) / 10,
    settings.recoveryInterval,
    settings.idleProbeInterval,
  );
  return history.serialAt + wait;
}

function backOff(wanted: number, least: number, most: number): number {
  return Math.max(least, Math.min(wanted, most));
}
