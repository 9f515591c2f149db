/**
 * Does long work piece by piece, as its `yield`s cut it.
 * @param pause awaited after each piece; it gives the event loop its turn when it sees fit
 */
export async function inPieces<T>(pieces: Generator<undefined, T>, pause: () => Promise<void>): Promise<T> {
  for (;;) {
    const step = pieces.next();
    if (step.done === true) return step.value;
    await pause();
  }
}
