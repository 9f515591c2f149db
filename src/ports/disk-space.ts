import type { WantedFile } from './incoming-file.ts';

/** The room that a mirror's folder has. Throws SignpostError STORAGE. */
export interface DiskSpace {
  /** How many bytes can still be written; undefined when the file system does not say. */
  free(): Promise<number | undefined>;
  /** How many bytes a file takes at least: none when they are here under another name, and less where some have come. */
  neededFor(file: WantedFile): number;
}
