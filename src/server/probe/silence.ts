/** So many mirrors going out within {@link outageWindow} mean that many have failed at once. */
const outageSize = 8;
/** Milliseconds. */
const outageWindow = 5000;
/** A visit may be silent for so many times the time-out of one question: it may try several ways, and others wait. */
const patience = 1.25;
const outagePatience = 0.5;

/**
 * Which visits have not heard a word from their mirror, and how long that may last: less while many mirrors fail, since
 * the clients of those are sent to the others.
 */
export class Silence<Visited> {
  readonly #since = new Map<Visited, number>();
  /** When mirrors went out, the latest last: no more than it takes to see that many have. */
  readonly #outs: number[] = [];

  /** @param now monotonic, in milliseconds, as everywhere here */
  begin(visited: Visited, now: number): void {
    this.#since.set(visited, now);
  }

  /** The mirror has said something, or the visit has ended. */
  end(visited: Visited): void {
    this.#since.delete(visited);
  }

  noteOut(now: number): void {
    this.#outs.push(now);
    if (this.#outs.length > outageSize) this.#outs.shift();
  }

  /** Whether many mirrors have gone out lately. */
  isOutage(now: number): boolean {
    return this.#outs.length === outageSize && now - (this.#outs[0] ?? -Infinity) < outageWindow;
  }

  /**
   * Takes out the visits that have been silent for too long.
   * @param timeout milliseconds that one question of a visit may take
   */
  takeOverdue(now: number, timeout: number): readonly Visited[] {
    const most = timeout * (this.isOutage(now) ? outagePatience : patience);
    const overdue = [...this.#since].flatMap(([visited, since]) => (now - since >= most ? [visited] : []));
    for (const visited of overdue) this.#since.delete(visited);
    return overdue;
  }
}
