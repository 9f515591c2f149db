import { createHash } from 'node:crypto';
import { certificateFileLimit, parseCertificates } from '../../adapters/keys/certificate-files.ts';
import { readSmallFile } from '../../adapters/files/small-file.ts';
import { waitForAll } from '../../parallel/wait-for-all.ts';

/**
 * SHA-256, in lower-case hexadecimal, of the certificates in these PEM files: the roots of Notary v1 that are trusted.
 * @throws SignpostError CONFIG_INVALID, NOT_FOUND, LIMIT_EXCEEDED, STORAGE
 */
export async function readNotaryCertificates(paths: readonly string[]): Promise<ReadonlySet<string>> {
  const files = await waitForAll(
    paths.map(async (name) => parseCertificates(await readSmallFile(name, certificateFileLimit), name)),
  );
  return new Set(files.flat().map((der) => createHash('sha256').update(der).digest('hex')));
}
