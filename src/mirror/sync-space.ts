/** The room for what is missing, in bytes. */
export interface SyncSpace {
  /** At least: the same bytes are kept once, however often they are missing. */
  readonly needed: number;
  /** Undefined when the file system does not say. */
  readonly free: number | undefined;
}

/** Whether what is missing may fit. */
export function hasRoom({ needed, free }: SyncSpace): boolean {
  return free === undefined || needed <= free;
}
