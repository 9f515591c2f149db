import { X509Certificate } from 'node:crypto';
import { SignpostError } from '../../oci/errors.ts';
import { readSmallFile } from '../files/small-file.ts';

/** A file with more is none of ours, in bytes. */
export const certificateFileLimit = 256 * 1024;

/** More than any chain, or than anybody trusts for one repository. */
const countLimit = 64;

const block = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]{1,65536}?-----END CERTIFICATE-----/g;

/**
 * The certificates of a PEM file, as DER, in the file's order. `name` is for messages.
 * @throws SignpostError CONFIG_INVALID
 */
export function parseCertificates(bytes: Uint8Array, name: string): readonly Uint8Array[] {
  const text = Buffer.from(bytes).toString('latin1');
  if (text.includes('PRIVATE KEY-----')) throw invalid(`${name} holds a private key: expected certificates`);
  const blocks = text.match(block) ?? [];
  if (blocks.length === 0) throw invalid(`${name} holds no certificates in PEM`);
  if (blocks.length > countLimit) throw invalid(`${name} holds more than ${countLimit} certificates`);
  return blocks.map((pem, index) => readCertificate(pem, index, name));
}

/** The bundle of a whole system has a quarter of this. */
const authorityFileLimit = 4 * 1024 * 1024;

/**
 * That a PEM file holds certificate authorities.
 * @throws SignpostError CONFIG_INVALID, NOT_FOUND, LIMIT_EXCEEDED, STORAGE
 */
export async function checkAuthorityFile(path: string): Promise<void> {
  const text = Buffer.from(await readSmallFile(path, authorityFileLimit)).toString('latin1');
  const blocks = text.match(block) ?? [];
  if (blocks.length === 0) throw invalid(`${path} holds no certificates in PEM`);
  for (const [index, pem] of blocks.entries()) readCertificate(pem, index, path);
}

function readCertificate(pem: string, index: number, name: string): Uint8Array {
  try {
    return new X509Certificate(pem).raw;
  } catch (cause) {
    throw invalid(`${name}: certificate ${index + 1} cannot be read: ${(cause as Error).message}`, cause);
  }
}

function invalid(message: string, cause?: unknown): SignpostError {
  return new SignpostError('CONFIG_INVALID', message, cause === undefined ? undefined : { cause });
}
