import { certificateFileLimit, parseCertificates } from '../../adapters/keys/certificate-files.ts';
import { readSmallFile } from '../../adapters/files/small-file.ts';
import { type TrustedRoot, parseTrustedRoot } from '../../trust/notation/trusted-root.ts';

/**
 * The root certificates in a PEM file.
 * @throws SignpostError CONFIG_INVALID, NOT_FOUND, LIMIT_EXCEEDED, STORAGE
 */
export async function readTrustedRoots(path: string): Promise<readonly TrustedRoot[]> {
  const certificates = parseCertificates(await readSmallFile(path, certificateFileLimit), path);
  return certificates.map((der) => parseTrustedRoot(der, path));
}
