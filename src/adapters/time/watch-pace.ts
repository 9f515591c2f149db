/** Ends a transfer that is slower than it must be. */
export interface Pace extends Disposable {
  /** Aborted when the transfer is too slow, or when `signal` is. */
  readonly signal: AbortSignal;
  /** So many bytes have come. */
  received(bytes: number): void;
}

export interface PaceLimits {
  /** Bytes a second. */
  readonly leastRate: number;
  /** Connecting and the first bytes may take this long, in milliseconds. */
  readonly grace: number;
}

const lookInterval = 500;

/** Watches over a transfer: after the grace, its average must reach the rate, so that a byte now and then is not enough. */
export function watchPace({ leastRate, grace }: PaceLimits, signal: AbortSignal): Pace {
  const started = performance.now();
  const tooSlow = new AbortController();
  let received = 0;
  const timer = setInterval(() => {
    const elapsed = performance.now() - started - grace;
    if (elapsed > 0 && received < (leastRate * elapsed) / 1000) tooSlow.abort();
  }, lookInterval);
  timer.unref();
  return {
    signal: AbortSignal.any([signal, tooSlow.signal]),
    received: (bytes) => (received += bytes),
    [Symbol.dispose]: () => clearInterval(timer),
  };
}
