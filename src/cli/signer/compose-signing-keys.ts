import {
  createCosignReader,
  createNotationReader,
  createSigstoreReader,
  createSimpleReader,
} from '../../trust/signature-readers.ts';
import { createFileSigner } from '../../adapters/keys/openpgp-file-signer.ts';
import { createGpgSigner } from '../../adapters/keys/openpgp-gpg-signer.ts';
import { keyFileLimit } from '../../adapters/openpgp/public-keys.ts';
import { createSignatureReader } from '../../adapters/openpgp/signature-reader.ts';
import { readSmallFile } from '../../adapters/files/small-file.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Signer } from '../../trust/signing.ts';
import { createCosignSigner } from '../../signer/cosign-signer.ts';
import { createNotationSigner } from '../../signer/notation-signer.ts';
import type { SigningKey } from '../../signer/signing-key.ts';
import { createSigstoreSigner } from '../../signer/sigstore-signer.ts';
import { createSimpleSigner } from '../../signer/simple-signer.ts';
import { parseTrustedRoot } from '../../trust/notation/trusted-root.ts';
import { parseVerifyingKey } from '../../trust/verifying-key.ts';
import { readPassphrase } from '../keys/passphrase.ts';
import { type RawKeySource, openRawSigner } from '../keys/raw-signers.ts';

/** Somebody may have to find the smart card and type its PIN, in milliseconds. */
const gpgTimeout = 5 * 60_000;

interface KeyFileSource {
  readonly path: string;
  readonly passphraseFile: string | undefined;
  readonly ask: () => Promise<string>;
}

/** Where a private key is. */
export type KeySource =
  | OpenPgpSource
  /** An ECDSA key, which signs in both of cosign's formats. */
  | ({ readonly kind: 'cosign' } & RawKeySource)
  /** An ECDSA key with its certificates. */
  | ({ readonly kind: 'notation' } & RawKeySource);

type OpenPgpSource =
  | ({ readonly kind: 'file' } & KeyFileSource)
  | { readonly kind: 'gpg'; readonly fingerprint: string; readonly home: string | undefined };

/** Opened keys, to be closed when everything is signed. */
export interface SigningKeys extends AsyncDisposable {
  /** One or more. */
  readonly keys: readonly SigningKey[];
}

/**
 * Opens the keys to sign with, each with a reader that knows its public half.
 * @throws SignpostError CONFIG_INVALID, DENIED, NOT_FOUND, UNAVAILABLE
 */
export async function openSigningKeys(sources: readonly KeySource[], clock: Clock): Promise<SigningKeys> {
  const keys: SigningKey[] = [];
  const close = async () => {
    for (const { signer } of keys) await signer.close();
  };
  try {
    for (const source of sources) keys.push(...(await openKeys(source, clock)));
  } catch (error) {
    await close();
    throw error;
  }
  return { keys, [Symbol.asyncDispose]: close };
}

async function openKeys(source: KeySource, clock: Clock): Promise<readonly SigningKey[]> {
  if (source.kind === 'cosign') return openCosignKeys(source);
  return [source.kind === 'notation' ? await openNotationKey(source) : await openOpenPgpKey(source, clock)];
}

async function openCosignKeys(source: RawKeySource): Promise<readonly SigningKey[]> {
  const raw = await openRawSigner(source);
  const own = [parseVerifyingKey(raw.publicKey, source.name)];
  return [
    { signer: createCosignSigner(raw), reader: createCosignReader(own) },
    { signer: createSigstoreSigner(raw), reader: createSigstoreReader(own) },
  ];
}

async function openNotationKey(source: RawKeySource): Promise<SigningKey> {
  const raw = await openRawSigner(source);
  const roots = (raw.certificates ?? []).slice(-1).map((der) => parseTrustedRoot(der, 'the root'));
  return { signer: createNotationSigner(raw), reader: createNotationReader(roots) };
}

async function openOpenPgpKey(source: OpenPgpSource, clock: Clock): Promise<SigningKey> {
  const signer = await openSigner(source, clock);
  const publicKey = { name: 'the signing key', bytes: signer.publicKey };
  const reader = createSimpleReader(await createSignatureReader([publicKey]));
  return { signer: createSimpleSigner(signer), reader };
}

async function openSigner(source: OpenPgpSource, clock: Clock): Promise<Signer> {
  if (source.kind === 'gpg') {
    const { fingerprint, home } = source;
    return createGpgSigner({ fingerprint, timeout: gpgTimeout, home }, clock);
  }
  const { path, passphraseFile, ask } = source;
  const bytes = await readSmallFile(path, keyFileLimit);
  const passphrase = () => (passphraseFile === undefined ? ask() : readPassphrase(passphraseFile));
  return createFileSigner({ name: path, bytes }, passphrase, clock);
}
