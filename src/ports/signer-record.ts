import type { Digest } from '../oci/digest.ts';

/** What the signer remembers of a tag that it signed. */
export interface SignedTag {
  /** `host/repository:tag`, as signed. */
  readonly reference: string;
  readonly list: Digest;
  /** The serial of the signing request. */
  readonly serial: number;
  /** Milliseconds since the epoch. */
  readonly signed: number;
}

/** What the signer remembers of a request that it signed. */
interface SignedRequest {
  /** The SHA-256 of the request's file. */
  readonly request: Digest;
  /** The SHA-256 of the bundle that answers it. */
  readonly bundle: Digest;
}

/** A file of metadata, which the next one of its name follows. */
interface RecordedFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** The signer's own memory, apart from anything that the origin says. */
export interface SignerRecord {
  find(reference: string): SignedTag | undefined;
  /** The highest serial signed for `host/repository`; 0 when there is none. */
  highestSerial(repository: string): number;
  /** The digest of the bundle that answers a request; undefined when it was never signed. */
  findBundle(request: Digest): Digest | undefined;
  /** The newest of each file of metadata that was signed, by its name. */
  files(): ReadonlyMap<string, Uint8Array>;
  /** All or nothing, on disk when it returns. A file takes the place of one with the same name. */
  add(tags: readonly SignedTag[], request: SignedRequest, files?: readonly RecordedFile[]): void;
}
