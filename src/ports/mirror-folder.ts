import type { Digest } from '../oci/digest.ts';

/** A file that a source is asked for: it is only ever taken when its bytes are those of the digest. */
export interface WantedFile {
  /** Below the mirror's folder. Its parser has made sure that it climbs nowhere. */
  readonly path: string;
  /** Where sources have it, when that is another path. */
  readonly from?: string;
  /** In bytes. */
  readonly size: number;
  readonly digest: Digest;
  /** It has its name as soon as it is taken in, and not with others later. */
  readonly isReadNext?: true;
}

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

/** A file that is being taken in. */
export interface IncomingFile extends AsyncDisposable {
  /** How many bytes are there. */
  readonly offset: number;
  restart(): Promise<void>;
  /** Takes the next piece, to keep. There must not be another until what it returns is resolved. */
  write(piece: Uint8Array): Promise<void> | undefined;
  /** Takes it in when the bytes are right; otherwise nothing of it is kept. */
  finish(): Promise<'placed' | 'wrong'>;
}
