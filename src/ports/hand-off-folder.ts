import type { Digest } from '../oci/digest.ts';
import type { NewFile } from './new-file.ts';

/** Where a signing request can be. `in` is where it comes; in all others only the signer writes. */
export type HandOffPlace = 'in' | 'waiting' | 'refused' | 'done';

/** A signing request's file. */
export interface RequestFile {
  readonly place: 'in' | 'waiting';
  readonly name: string;
  /** In bytes. */
  readonly size: number;
  /** When it was last written to, in milliseconds since the epoch, by whoever wrote it. */
  readonly written: number;
}

/** The folder through which an unattended signer gets requests and approvals. Throws SignpostError STORAGE. */
export interface HandOffRequests {
  /**
   * In the order of their names, `in` first; what is no regular file, and more than a bound, is left out. `ignored` has
   * the names in `in` of what is neither a request nor an approval.
   */
  list(): Promise<{ readonly files: readonly RequestFile[]; readonly ignored: readonly string[] }>;
  /** The lines as they are in the file. */
  read(file: RequestFile): AsyncIterable<Uint8Array>;
  /** Puts it elsewhere, under a name that nothing else has there, with the reasons beside it. */
  move(file: RequestFile, place: Exclude<HandOffPlace, 'in'>, reasons: readonly string[]): Promise<void>;
  /** The files of approvals, as many and as large as is sensible. They are not verified. */
  approvals(): Promise<readonly Uint8Array[]>;
  /** Throws away approvals of requests that are done with. */
  forgetApprovals(request: Digest): Promise<void>;
}

/** A bundle that was written whole, but does not have its name yet. */
export interface SettledBundle {
  readonly name: string;
  /** The SHA-256 of its bytes. */
  readonly digest: Digest;
}

/** Where an unattended signer leaves bundles. Throws SignpostError STORAGE. */
export interface HandOffBundles {
  /** Once settled, it survives the process and a power cut. `name` is its final name. */
  create(name: string): Promise<NewFile>;
  /** What an interrupted signer left settled and not released. */
  settled(): Promise<readonly SettledBundle[]>;
  release(name: string): Promise<void>;
  discard(name: string): Promise<void>;
}
