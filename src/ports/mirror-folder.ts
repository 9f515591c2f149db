import type { IncomingFile, WantedFile } from './incoming-file.ts';

/** The folder that a mirror gives away, as it is. Throws SignpostError STORAGE. */
export interface MirrorFolder {
  /** All of a small file; undefined when there is none or it is larger than `limit` bytes. */
  read(path: string, limit: number): Promise<Uint8Array | undefined>;
  /** The lines of a file without their line feeds. Throws NOT_FOUND when there is none. */
  lines(path: string): AsyncIterable<string>;
  /** The names in a folder, without those that are still being written. */
  names(folder: string): Promise<ReadonlySet<string>>;
  /**
   * Whether a file is there: one that was placed under its final name is whole. What may have been replaced under the
   * same name, and everything when `thorough`, is hashed again.
   */
  holds(file: WantedFile, thorough: boolean): Promise<boolean>;
  /** Removes a file, and the folders that are empty then. */
  remove(path: string): Promise<void>;
}

/** Puts files into the folder. A file may get its name some time after it was taken in, with others. Nothing gets its final name before its digest is checked. Throws SignpostError STORAGE. */
export interface MirrorWriter {
  /** Makes the file from one with the same bytes that is here under another name. Returns whether there was one. */
  adopt(file: WantedFile): Promise<boolean>;
  /** What was taken in has its name from now on, and outlasts a power cut. The others do it when they have to. */
  settle(): Promise<void>;
  /** Begins to take a file in, or goes on where an earlier run was stopped. */
  receive(file: WantedFile): Promise<IncomingFile>;
  /** Writes a file whose bytes have no digest to check, whole or not at all. */
  place(path: string, bytes: Uint8Array): Promise<void>;
  /**
   * Gives a file its other name, now or with others later: what was taken in before has its own by then, and outlasts a
   * power cut.
   */
  move(from: string, to: string): Promise<void>;
}
