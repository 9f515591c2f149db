/** Visits at once to mirrors in use: enough for all of them to hang, since each is to be found out within seconds. */
const urgentConcurrency = 1024;
/** Visits at once to mirrors that are out or idle. */
const patientConcurrency = 64;

/** The visits that are under way. What cannot wait does not wait for what can. */
export class VisitPool {
  readonly #running = new Set<Promise<void>>();
  #patient = 0;

  /** Begins a visit when there is room for it. `visit` does not reject. */
  launch(visit: () => Promise<void>, urgent: boolean): void {
    if (this.#running.size - this.#patient >= urgentConcurrency) return;
    if (!urgent && this.#patient >= patientConcurrency) return;
    if (!urgent) this.#patient += 1;
    const running = visit().finally(() => {
      this.#running.delete(running);
      if (!urgent) this.#patient -= 1;
    });
    this.#running.add(running);
  }

  /** Resolves when all that are under way have ended. */
  async settle(): Promise<void> {
    await Promise.allSettled(this.#running);
  }
}
