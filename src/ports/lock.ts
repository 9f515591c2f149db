/**
 * The job name under which every command that writes to the staging area or the tree takes the lock: publish, accept,
 * discarding, repairing. One at a time, because each of them counts on nobody else removing or placing files.
 */
export const contentLock = 'content';

/** Keeps two processes from doing the same job on the same data. The lock ends with the process, however it ends. */
export interface Lock {
  /**
   * Takes the lock at once or throws SignpostError LOCKED, which names who has it.
   * @returns what gives it back
   */
  acquire(job: string): Promise<AsyncDisposable>;
}
