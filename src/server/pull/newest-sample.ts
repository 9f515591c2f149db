/** Keeps some of the items with the highest serials; among equal ones, those that came first. */
export class NewestSample<T extends { readonly serial: number }> {
  readonly #limit: number;
  #kept: T[] = [];
  /** What is below or at this is not among the newest, once enough of them are known. */
  #floor = -1;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** One that goes on from here, and leaves this one as it is. */
  copy(): NewestSample<T> {
    const copy = new NewestSample<T>(this.#limit);
    copy.#kept = [...this.#kept];
    copy.#floor = this.#floor;
    return copy;
  }

  /** At most `limit`, the newest first. */
  get kept(): readonly T[] {
    this.#shrink();
    return this.#kept;
  }

  offer(item: T): void {
    if (item.serial <= this.#floor) return;
    this.#kept.push(item);
    // Sorted now and then only, so that ten million items take no time.
    if (this.#kept.length >= 2 * this.#limit) this.#shrink();
  }

  #shrink(): void {
    this.#kept = this.#kept.toSorted((one, other) => other.serial - one.serial).slice(0, this.#limit);
    if (this.#kept.length === this.#limit) this.#floor = this.#kept.at(-1)?.serial ?? -1;
  }
}
