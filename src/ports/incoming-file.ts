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
