import { readFile } from 'node:fs/promises';
import { type SecureContext, createSecureContext, getCACertificates } from 'node:tls';
import { SignpostError } from '../../oci/errors.ts';
import { waitForAll } from '../../parallel/wait-for-all.ts';

/**
 * Trusts the authorities in `files` (PEM) beside Node's own and those of the system, which is where an administrator puts
 * those of a house.
 * @throws SignpostError CONFIG_INVALID when a file cannot be used
 */
export async function trustAuthorities(files: readonly string[]): Promise<SecureContext> {
  const own = await waitForAll(files.map(loadAuthority));
  return createSecureContext({
    ca: [...new Set([...getCACertificates('default'), ...getCACertificates('system'), ...own])],
  });
}

async function loadAuthority(file: string): Promise<string> {
  let pem: string;
  try {
    pem = await readFile(file, 'utf8');
  } catch (cause) {
    throw new SignpostError(
      'CONFIG_INVALID',
      `cannot read the certificate authority: ${(cause as Error).message}`,
      { cause },
    );
  }
  if (pem.includes('-----BEGIN CERTIFICATE-----')) return pem;
  throw new SignpostError('CONFIG_INVALID', `${file} holds no certificate in PEM`);
}
