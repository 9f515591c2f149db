import { createHash } from 'node:crypto';
import { SignpostError } from '../../oci/errors.ts';
import type { RawSigner } from '../../ports/raw-signing.ts';
import { type Program, runBounded } from '../process/bounded-program.ts';
import { createVerifiedSigner, parsePublicKey } from './verified-signer.ts';

export interface Pkcs11Options {
  /** The token's PKCS #11 library. */
  readonly module: string;
  readonly tokenLabel: string;
  /** The key's ID (CKA_ID) in hexadecimal. */
  readonly keyId: string;
  /** The user PIN. It goes through the environment of the child: arguments can be read by everybody. */
  readonly pin: string;
  /** The environment of this process, for what the library reads there. */
  readonly environment: NodeJS.ProcessEnv;
  readonly certificates?: readonly Uint8Array[] | undefined;
  /** How long the token may take to sign, in milliseconds. */
  readonly timeout: number;
}

const outputLimit = 64 * 1024;
const signArguments = ['--sign', '--mechanism', 'ECDSA', '--signature-format', 'openssl'];
const pinVariable = 'SIGNPOST_PKCS11_PIN';

/**
 * A signer whose key is in a PKCS #11 token, through OpenSC's `pkcs11-tool`. The token signs hashes (CKM_ECDSA): few
 * tokens hash themselves.
 * @throws SignpostError CONFIG_INVALID, DENIED (no such token or key), UNAVAILABLE when pkcs11-tool cannot be run
 */
export async function createPkcs11RawSigner(options: Pkcs11Options): Promise<RawSigner> {
  const { tokenLabel, keyId, certificates } = options;
  if (!/^(?:[0-9a-fA-F]{2}){1,64}$/.test(keyId)) {
    throw new SignpostError(
      'CONFIG_INVALID',
      `${JSON.stringify(keyId)} is not a key's ID: expected bytes in hexadecimal (pkcs11-tool --list-objects)`,
    );
  }
  const name = `key ${keyId} of token ${tokenLabel}`;
  const spki = await runTool(options, ['--read-object', '--type', 'pubkey'], undefined);
  if (spki.length === 0) throw new SignpostError('DENIED', `${name}: there is no public key`);
  // One after the other: libraries lose sight of their tokens when several processes open them at once.
  let last: Promise<unknown> = Promise.resolve();
  return createVerifiedSigner({
    name,
    publicKey: parsePublicKey(spki, name),
    certificates,
    sign(bytes) {
      const hash = createHash('sha256').update(bytes).digest();
      const signature = last.then(() => runTool(options, signArguments, hash));
      last = signature.catch(() => undefined);
      return signature;
    },
  });
}

/** With the PIN also for public objects: some tokens hide them until somebody has logged in. */
function runTool(
  options: Pkcs11Options,
  args: readonly string[],
  input: Uint8Array | undefined,
): Promise<Uint8Array> {
  const { module, tokenLabel, keyId, pin, environment, timeout } = options;
  const login = ['--login', '--pin', `env:${pinVariable}`];
  const program: Program = {
    file: 'pkcs11-tool',
    args: ['--module', module, '--token-label', tokenLabel, ...login, '--id', keyId, ...args],
    timeout,
    outputLimit,
    environment: { ...environment, [pinVariable]: pin },
  };
  return runBounded(program, input);
}
