import type { Command } from 'commander';
import { SignpostError } from '../../oci/errors.ts';

export interface ClockOptions {
  readonly yes?: boolean;
  readonly ignoreClock?: boolean;
}

export function addClockOption(command: Command): Command {
  return command.option(
    '--ignore-clock',
    "with --yes: continue although the request's date and this machine's clock contradict each other",
  );
}

/** The lines that a person is shown before the question. */
export function describeClockWarnings(doubts: readonly string[]): readonly string[] {
  return doubts.map((doubt) => `WARNING: ${doubt}.`);
}

/**
 * Refuses to go on where nobody is asked.
 * @throws SignpostError TRUST
 */
export function refuseClockDoubts(doubts: readonly string[], { yes, ignoreClock }: ClockOptions): void {
  if (yes !== true || ignoreClock === true || doubts.length === 0) return;
  throw new SignpostError(
    'TRUST',
    `${doubts.join('; ')}. Nothing was done: set the clock, or leave out --yes to decide, or add --ignore-clock`,
  );
}
