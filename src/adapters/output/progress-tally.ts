/** How far all the work together is. Pure: the time is handed in, in milliseconds. */
export class ProgressTally {
  readonly #items = new Map<string, { total: number; done: number; finished: boolean }>();
  #total = 0;
  #done = 0;
  #finished = 0;
  #started: number | undefined;
  // Bytes that cost nothing (already there) say nothing about the speed.
  #moved = 0;

  start(label: string, bytes: number, now: number): void {
    this.#started ??= now;
    const item = this.#items.get(label) ?? { total: 0, done: 0, finished: false };
    this.#total += bytes - item.total;
    this.#items.set(label, { ...item, total: bytes });
  }

  advance(label: string, bytes: number): void {
    const item = this.#items.get(label);
    if (item === undefined) return;
    item.done += bytes;
    this.#done += bytes;
    this.#moved += bytes;
  }

  finish(label: string): void {
    const item = this.#items.get(label);
    if (item === undefined || item.finished) return;
    item.finished = true;
    this.#finished++;
    this.#done += item.total - item.done;
    item.done = item.total;
  }

  /** `milliseconds` is undefined while nothing is known about the speed. */
  sum(now: number) {
    const elapsed = Math.max(1, now - (this.#started ?? now));
    const rate = (this.#moved / elapsed) * 1000;
    const left = Math.max(0, this.#total - this.#done);
    return {
      items: this.#items.size,
      finished: this.#finished,
      total: this.#total,
      done: this.#done,
      rate,
      milliseconds: rate > 0 ? (left / rate) * 1000 : undefined,
    };
  }
}

/** The start of a digest, as people know it from other tools. */
export function shortLabel(label: string): string {
  return label.startsWith('sha256:') ? label.slice('sha256:'.length, 'sha256:'.length + 12) : label;
}
