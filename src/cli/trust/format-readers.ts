import {
  createCosignReader,
  createNotationReader,
  createSigstoreReader,
  createSimpleReader,
} from '../../trust/signature-readers.ts';
import { type KeyFile, keyFileLimit } from '../../adapters/openpgp/public-keys.ts';
import { createSignatureReader } from '../../adapters/openpgp/signature-reader.ts';
import { readSmallFile } from '../../adapters/files/small-file.ts';
import type { FormatReader } from '../../trust/signing.ts';
import type { SignatureFormat } from '../../trust/signature-format.ts';
import { type VerifyingKey, parseVerifyingKeys } from '../../trust/verifying-key.ts';
import { readTrustedRoots } from './trusted-roots.ts';
import { waitForAll } from '../../parallel/wait-for-all.ts';

/**
 * A reader of one format that knows the keys, or for "notation" the root certificates, in these files.
 * @throws SignpostError CONFIG_INVALID, NOT_FOUND, LIMIT_EXCEEDED, STORAGE
 */
export async function openFormatReader(
  format: SignatureFormat,
  files: readonly string[],
): Promise<FormatReader> {
  switch (format) {
    case 'simple':
      return createSimpleReader(await createSignatureReader(await waitForAll(files.map(readKeyFile))));
    case 'cosign':
      return createCosignReader(await readVerifyingKeys(files));
    case 'sigstore':
      return createSigstoreReader(await readVerifyingKeys(files));
    case 'notation':
      return createNotationReader((await waitForAll(files.map(readTrustedRoots))).flat());
  }
}

/** A key file, whole. */
export async function readKeyFile(name: string): Promise<KeyFile> {
  return { name, bytes: await readSmallFile(name, keyFileLimit) };
}

async function readVerifyingKeys(paths: readonly string[]): Promise<readonly VerifyingKey[]> {
  const files = await waitForAll(paths.map(readKeyFile));
  return files.flatMap(({ bytes, name }) => parseVerifyingKeys(bytes, name));
}
