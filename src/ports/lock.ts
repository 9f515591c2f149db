/** Keeps two processes from doing the same job on the same data. The lock ends with the process, however it ends. */
export interface Lock {
  /**
   * Takes the lock at once or throws SignpostError LOCKED, which names who has it.
   * @returns what gives it back
   */
  acquire(job: string): Disposable;
}
