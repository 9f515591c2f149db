/** How long a peer is waited for. Times in milliseconds. */
export interface Patience {
  /** From the start of a request to the end of the answer's headers. */
  readonly headers: number;
  /** Between two pieces of a body. */
  readonly idle: number;
  /** What a body has to bring in each `idle` of waiting for it, in bytes a second. */
  readonly leastRate: number;
}

/**
 * The least rate is what a Mirror List wants its own clients to take: a peer that sends a byte now and then would
 * otherwise be waited for as long as it likes.
 */
export const usualPatience: Patience = { headers: 30_000, idle: 30_000, leastRate: 16 * 1024 };
