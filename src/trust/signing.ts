import type { Evidence, SignatureEvidence } from './evidence.ts';
import type { SignatureFormat } from './signature-format.ts';
import type { Statement } from './statement.ts';

/** Signs statements in one format with one private key. Only the isolated machine has one. */
export interface FormatSigner {
  readonly format: SignatureFormat;
  /** Of the key, as evidence names it. */
  readonly fingerprint: string;
  /** The envelope: all that has to be carried to the origin, which makes of it what clients read. */
  sign(statement: Statement): Promise<Uint8Array>;
  close(): Promise<void>;
}

/**
 * Reads envelopes of one format against public keys. Takes hostile bytes and never throws for them. Keys and
 * certificates expire: `now` is in milliseconds since the epoch.
 */
export interface FormatReader {
  readonly format: SignatureFormat;
  /** Which public keys it knows, as evidence names them. */
  readonly fingerprints: readonly string[];
  read(envelope: Uint8Array, now: number): Evidence;
}

/** Makes OpenPGP signed messages with a private key. Only the isolated machine has one. */
export interface Signer {
  /** The fingerprint of the primary key, in upper-case hexadecimal. */
  readonly fingerprint: string;
  /** The public part of the key in binary, so that what was signed can be checked again. */
  readonly publicKey: Uint8Array;
  /**
   * One binary OpenPGP signed message around `payload`, as containers/image reads it: signed by the primary key,
   * neither armoured nor detached, valid from `created` until `expires` (both milliseconds since the epoch). A signer
   * that has a clock of its own (gpg) puts the time of signing in place of `created`.
   */
  sign(payload: Uint8Array, created: number, expires: number): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** Reads OpenPGP signed messages against public keys, likewise. */
export interface SignatureReader {
  /** Which public keys it knows: primary fingerprints, in upper-case hexadecimal. */
  readonly fingerprints: readonly string[];
  read(message: Uint8Array, now: number): SignatureEvidence;
}
