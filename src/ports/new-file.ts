/**
 * A file that appears under its name only when it is whole: until then nobody can take it for finished. Throws
 * SignpostError STORAGE.
 */
export interface NewFile {
  /** Where it will be. */
  readonly path: string;
  write(text: string): Promise<void>;
  /** Makes what was written durable, under a name that is not its own yet. Nothing is written after this. */
  settle(): Promise<void>;
  /** Makes it durable and gives it its name. */
  release(): Promise<void>;
  /** Removes what was written, if it was not released. */
  discard(): Promise<void>;
}
