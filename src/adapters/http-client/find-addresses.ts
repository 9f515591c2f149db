import type { LookupAddress } from 'node:dns';
import { hostOf } from './http-url.ts';
import type { MirrorAddressResolver } from './mirror-address-resolver.ts';

/** Which addresses of a host that a stranger has named may be connected to. */
export interface WantedAddresses {
  /** Those alone that the operator has named. */
  readonly onlyAllowed?: boolean;
  readonly family?: 4 | 6;
}

/** Why there is nothing to connect to. */
export interface Unresolved {
  readonly ok: false;
  readonly reason: 'unknown-name' | 'not-allowed' | 'late' | 'no-family';
  readonly detail: string;
}

/** The addresses that `resolver` allows; it is waited for no longer than `signal` says. */
export async function findAddresses(
  resolver: MirrorAddressResolver,
  url: URL,
  { onlyAllowed = false, family }: WantedAddresses,
  signal: AbortSignal,
): Promise<{ readonly ok: true; readonly addresses: readonly LookupAddress[] } | Unresolved> {
  const host = hostOf(url);
  const resolved = await withSignal(resolver.resolve(host, onlyAllowed, signal), signal);
  if (resolved === 'ended') {
    return { ok: false, reason: 'late', detail: `the name ${host} did not resolve in time` };
  }
  if (!resolved.ok) return resolved;
  const addresses = resolved.addresses.filter((address) => family === undefined || address.family === family);
  if (addresses.length > 0) return { ok: true, addresses };
  return { ok: false, reason: 'no-family', detail: `${host} has no IPv${family} address any more` };
}

/** Resolves to `ended` as soon as `signal` says so, whatever becomes of `promise`. */
async function withSignal<T>(promise: Promise<T>, signal: AbortSignal): Promise<T | 'ended'> {
  if (signal.aborted) return 'ended';
  return new Promise<T | 'ended'>((resolve, reject) => {
    const end = () => resolve('ended');
    signal.addEventListener('abort', end, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', end));
  });
}
