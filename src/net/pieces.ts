/**
 * Long work, in pieces of well below a millisecond: it stops at each `yield`, so that whoever runs it can do something else
 * meanwhile. It returns what came of it.
 */
export type Pieces<T> = Generator<undefined, T>;

/** Does all of it at once. */
export function allAtOnce<T>(pieces: Pieces<T>): T {
  for (;;) {
    const step = pieces.next();
    if (step.done === true) return step.value;
  }
}
