/** One look-up of a name. */
interface Lookup {
  /** Whether anybody waits for it still. */
  readonly isWanted: () => boolean;
  /** Begins it; `done` is to be called when it has ended. */
  readonly begin: (done: () => void) => void;
  /** Nobody waits for it any more: it never begins. */
  readonly drop: () => void;
}

/** Look-ups, a few at a time. One that nobody waits for when its turn has come is left out. */
export class LookupQueue {
  readonly #limit: number;
  readonly #waiting: Lookup[] = [];
  #active = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  add(lookup: Lookup): void {
    if (this.#active < this.#limit) this.#begin(lookup);
    else this.#waiting.push(lookup);
  }

  #begin(lookup: Lookup): void {
    this.#active += 1;
    lookup.begin(() => {
      this.#active -= 1;
      this.#next();
    });
  }

  #next(): void {
    for (let lookup = this.#waiting.shift(); lookup !== undefined; lookup = this.#waiting.shift()) {
      if (lookup.isWanted()) {
        this.#begin(lookup);
        return;
      }
      lookup.drop();
    }
  }
}
