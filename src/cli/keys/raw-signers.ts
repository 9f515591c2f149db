import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import { certificateFileLimit, parseCertificates } from '../../adapters/keys/certificate-files.ts';
import { createCommandRawSigner } from '../../adapters/keys/command-raw-signer.ts';
import { createFileRawSigner, rawKeyFileLimit } from '../../adapters/keys/file-raw-signer.ts';
import { createPkcs11RawSigner } from '../../adapters/keys/pkcs11-raw-signer.ts';
import { readSmallFile } from '../../adapters/files/small-file.ts';
import { SignpostError } from '../../oci/errors.ts';
import { parseJson } from '../../oci/parse-json.ts';
import type { RawSigner } from '../../ports/raw-signing.ts';
import { childEnvironment } from '../config/config.ts';
import { parsePkcs11Uri } from './pkcs11-uri.ts';
import { readPassphrase } from './passphrase.ts';

/** Where an ECDSA P-256 key is. */
export interface RawKeySource {
  /** A PEM file, a PKCS #11 URI, or `command:` and a file that says which program signs. */
  readonly name: string;
  readonly passphraseFile: string | undefined;
  /** Asks for the passphrase or the PIN. */
  readonly ask: () => Promise<string>;
  /** A PEM file with the key's certificates, from the leaf to the root. */
  readonly chain?: string | undefined;
}

/** Somebody may have to touch the token, or to agree, in milliseconds. */
const timeout = 5 * 60_000;

/**
 * Opens a key wherever it is.
 * @throws SignpostError USAGE, CONFIG_INVALID, DENIED, NOT_FOUND, UNAVAILABLE
 */
export async function openRawSigner({ name, passphraseFile, ask, chain }: RawKeySource): Promise<RawSigner> {
  const certificates =
    chain === undefined
      ? undefined
      : parseCertificates(await readSmallFile(chain, certificateFileLimit), chain);
  const secret = (file = passphraseFile) => (file === undefined ? ask() : readPassphrase(file));
  if (name.startsWith('pkcs11:')) {
    const { pinFile, ...key } = parsePkcs11Uri(name);
    const pin = await secret(pinFile);
    return createPkcs11RawSigner({ ...key, pin, environment: childEnvironment(), certificates, timeout });
  }
  if (name.startsWith(commandPrefix)) {
    const { command, publicKey } = await readCommandFile(name.slice(commandPrefix.length));
    return createCommandRawSigner({ command, publicKey, certificates, timeout });
  }
  const bytes = await readSmallFile(name, rawKeyFileLimit);
  return createFileRawSigner({ name, bytes }, () => secret(), certificates);
}

const commandPrefix = 'command:';

const commandFile = z.strictObject({
  command: z.array(z.string().max(4096)).min(1).max(64),
  publicKey: z.string().min(1),
});

/** JSON with the program, its arguments and the file of its public key, whose path is relative to it. */
async function readCommandFile(path: string) {
  const bytes = await readSmallFile(path, rawKeyFileLimit);
  const { success, data } = commandFile.safeParse(readJson(bytes, path));
  if (!success) {
    throw new SignpostError(
      'CONFIG_INVALID',
      `${path} does not say how to sign: expected JSON like {"command": ["program", "argument"], "publicKey": "key.pub"}`,
    );
  }
  const file = resolve(dirname(path), data.publicKey);
  return {
    command: data.command,
    publicKey: { name: file, bytes: await readSmallFile(file, rawKeyFileLimit) },
  };
}

function readJson(bytes: Uint8Array, path: string): unknown {
  try {
    return parseJson(bytes, path, 'CONFIG_INVALID');
  } catch {
    return undefined;
  }
}
