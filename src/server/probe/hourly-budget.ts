const hour = 3_600_000;

/** What may be spent in an hour. It fills up steadily; an hour of rest gives all of it at once. */
export class HourlyBudget {
  readonly #limit: () => number;
  #left: number;
  #at: number;

  /** @param limit what may be spent now; it may change */
  constructor(limit: () => number, now: number) {
    this.#limit = limit;
    this.#left = limit();
    this.#at = now;
  }

  /** Whether more than `amount` is left. `now` is monotonic, in milliseconds. */
  hasLeft(now: number, amount = 0): boolean {
    this.#earn(now);
    return this.#left > amount;
  }

  /** Spends what was known only afterwards, into debt if need be. */
  spend(amount: number, now: number): void {
    this.#earn(now);
    this.#left -= amount;
  }

  #earn(now: number): void {
    const limit = this.#limit();
    const earned = (Math.max(0, now - this.#at) / hour) * limit;
    this.#left = Math.min(limit, this.#left + earned);
    this.#at = now;
  }
}
