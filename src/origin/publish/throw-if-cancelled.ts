import { SignpostError } from '../../oci/errors.ts';

/** @throws SignpostError CANCELLED when `signal` says so */
export function throwIfCancelled(signal: AbortSignal): void {
  if (!signal.aborted) return;
  throw new SignpostError('CANCELLED', 'stopped; what was copied is kept: run the command again to go on');
}
