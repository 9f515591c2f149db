import { setImmediate as nextTurn } from 'node:timers/promises';

/**
 * Makes a pause for long work, to be awaited often: it gives the event loop its turn once `milliseconds` have passed
 * since it last did, and otherwise costs next to nothing. For one piece of work at a time.
 */
export function createEventLoopTurns(milliseconds: number): () => Promise<void> {
  let began = performance.now();
  return async () => {
    if (performance.now() - began < milliseconds) return;
    await nextTurn();
    began = performance.now();
  };
}
