import { SignpostError } from '../../oci/errors.ts';
import type { RawSigner } from '../../ports/raw-signing.ts';
import { runBounded } from '../process/bounded-program.ts';
import { createVerifiedSigner, parsePublicKey } from './verified-signer.ts';

export interface CommandSignerOptions {
  /** The program and its arguments: no shell reads them. */
  readonly command: readonly string[];
  /** The public key in PEM or DER. */
  readonly publicKey: { readonly name: string; readonly bytes: Uint8Array };
  readonly certificates?: readonly Uint8Array[] | undefined;
  /** How long it may take to sign, in milliseconds: somebody may have to agree. */
  readonly timeout: number;
}

/** An answer is 72 bytes; what goes to the standard error may be more. */
const outputLimit = 64 * 1024;

/**
 * A signer that runs a program for each signature: what it gets on its standard input is the bytes that are signed,
 * not their hash, so that it can look at what it signs; it answers the DER signature on its standard output.
 * @throws SignpostError CONFIG_INVALID
 */
export function createCommandRawSigner(options: CommandSignerOptions): RawSigner {
  const [file, ...args] = options.command;
  if (file === undefined || file === '') {
    throw new SignpostError('CONFIG_INVALID', 'the signing command is empty: expected a program');
  }
  const { name, bytes } = options.publicKey;
  const { timeout, certificates } = options;
  return createVerifiedSigner({
    name: file,
    publicKey: parsePublicKey(bytes, name),
    certificates,
    sign: (input) => runBounded({ file, args, timeout, outputLimit }, input),
  });
}
