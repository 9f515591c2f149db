import type { IncomingMessage } from 'node:http';
import { SignpostError } from '../../oci/errors.ts';
import { formatBytes } from '../../text/quantity.ts';
import { passingError } from './network-error.ts';
import type { Patience } from './patience.ts';

export type Pace = Pick<Patience, 'idle' | 'leastRate'>;

/**
 * Watches over a body while it is waited for: the time that the reader takes for itself does not count. A peer that is
 * silent for `idle` may be asked again; one that sends so little that it only seems not to is given up for good.
 */
export class BodyWatch {
  readonly #host: string;
  readonly #pace: Pace;
  readonly #timer: NodeJS.Timeout;
  /** Since when it is waited for; undefined when it is not. */
  #since: number | undefined;
  #waited = 0;
  #received = 0;

  constructor(message: IncomingMessage, host: string, pace: Pace) {
    this.#host = host;
    this.#pace = pace;
    this.#timer = setTimeout(() => {
      if (this.#since !== undefined)
        message.destroy(passingError(`${host} has sent nothing for ${pace.idle} ms`));
    }, pace.idle);
  }

  /** From now on it is waited for. */
  wait(): void {
    this.#since = performance.now();
    this.#timer.refresh();
  }

  /** So many bytes have come. @throws SignpostError UNAVAILABLE when they are too few for the time */
  took(bytes: number): void {
    const { idle, leastRate } = this.#pace;
    this.#waited += performance.now() - (this.#since ?? Infinity);
    this.#since = undefined;
    this.#received += bytes;
    if (this.#waited < idle) return;
    if (this.#received < (leastRate * idle) / 1000) {
      throw new SignpostError(
        'UNAVAILABLE',
        `${this.#host} sends too slowly: less than ${formatBytes(leastRate)} a second`,
      );
    }
    this.#waited = 0;
    this.#received = 0;
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
