import { isMainThread } from 'node:worker_threads';

/**
 * Loaded into a child of the demo: asks the process to stop once its standard input ends, which is when the parent
 * has gone, however it went. Nothing is left running even when the parent was killed.
 */
// A thread gets this too, and its standard input has ended from the first.
if (isMainThread) {
  process.stdin.once('end', () => process.kill(process.pid, 'SIGTERM'));
  process.stdin.resume();
  // What else the process does decides how long it runs.
  (process.stdin as unknown as { unref?: () => void }).unref?.();
}
