/** How many mirrors held a publication at a time. */
export interface PropagationSample {
  readonly serial: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** Mirrors whose serial was this or a later one. */
  readonly holding: number;
  /** Mirrors that there were. */
  readonly mirrors: number;
}

/** How publications spread over the mirrors. Rejects with SignpostError STORAGE. */
export interface Propagation {
  /** All or nothing. Of two samples of one serial and time the later one counts. */
  add(samples: readonly PropagationSample[]): Promise<void>;
  /** Of the newest `serials` publications, the newest first; the samples of each in the order of their times. */
  list(serials: number): Promise<readonly PropagationSample[]>;
  /**
   * Keeps all samples of the newest `whole` publications; of older ones those at which they were first seen, half of the
   * mirrors first held them, and the last; and nothing of those before the newest `most`.
   */
  thin(limits: { readonly whole: number; readonly most: number }): Promise<void>;
}
