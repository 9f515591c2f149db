/** Keeps some of what it is offered, spread evenly over all of it: every step-th, where the step doubles when full. */
export class EvenSample<T> {
  readonly #limit: number;
  #kept: T[] = [];
  #step = 1;
  #offered = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** One that goes on from here, and leaves this one as it is. */
  copy(): EvenSample<T> {
    const copy = new EvenSample<T>(this.#limit);
    copy.#kept = [...this.#kept];
    copy.#step = this.#step;
    copy.#offered = this.#offered;
    return copy;
  }

  /** At most `limit`, in the order in which they were offered. */
  get kept(): readonly T[] {
    return this.#kept;
  }

  offer(item: T): void {
    if (this.#offered++ % this.#step !== 0) return;
    if (this.#kept.length < this.#limit) {
      this.#kept.push(item);
      return;
    }
    this.#kept = this.#kept.filter((_, index) => index % 2 === 0);
    this.#step *= 2;
    if ((this.#offered - 1) % this.#step === 0) this.#kept.push(item);
  }
}
