/** After so many answers without a refusal, one request more is tried. */
const answersPerTry = 64;

/** A request's place at a source; to be left once. */
export interface Place {
  /** The source had no room for it. */
  refused(): void;
  leave(): void;
}

/**
 * How many requests a source takes at once, learned from its refusals: whoever is refused was one too many. The others
 * then wait for their turn instead of being refused as well.
 */
export class SourceRoom {
  #limit = Infinity;
  #inside = 0;
  #answers = 0;
  readonly #waiting: (() => void)[] = [];

  /** Resolves once there is room. */
  async enter(): Promise<Place> {
    while (this.#inside >= this.#limit) {
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
      });
    }
    this.#inside += 1;
    let isRefused = false;
    return {
      refused: () => {
        isRefused = true;
        this.#limit = Math.max(1, Math.min(this.#limit, this.#inside - 1));
        this.#answers = 0;
      },
      leave: () => {
        this.#inside -= 1;
        if (!isRefused) this.#answers += 1;
        if (!isRefused && this.#answers % answersPerTry === 0) this.#limit += 1;
        // One that comes meanwhile may be quicker: then the woken one waits again, and that one wakes the next.
        this.#waiting.shift()?.();
      },
    };
  }
}
