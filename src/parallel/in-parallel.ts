/**
 * Does `work` for each item, at most `limit` at once, in the order of the items. The first failure lets nothing new begin
 * and sets off the signal that each `work` got; it is thrown once everything that had begun has ended, so that nothing
 * goes on behind the caller's back.
 */
export async function inParallel<T>(
  items: Iterable<T> | AsyncIterable<T>,
  limit: number,
  work: (item: T, stop: AbortSignal) => Promise<unknown>,
): Promise<void> {
  // A pool without workers would leave everything undone and say nothing.
  if (!Number.isInteger(limit) || limit < 1) throw new RangeError(`${limit} tasks at once`);
  const iterator = Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]();
  const stop = new AbortController();
  const failures: unknown[] = [];

  async function worker(): Promise<void> {
    try {
      while (!stop.signal.aborted) {
        const next = await iterator.next();
        if (next.done === true || stop.signal.aborted) return;
        await work(next.value, stop.signal);
      }
    } catch (error) {
      failures.push(error);
      stop.abort();
    }
  }

  await Promise.all(Array.from({ length: limit }, worker));
  await iterator.return?.();
  if (failures.length > 0) throw failures[0];
}
