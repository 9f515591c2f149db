import { X509Certificate } from 'node:crypto';
import type { TestChain } from './signing-certificates.ts';

/** A chain as the files that the command line takes. */
export function chainToPem({ certificates, key }: TestChain): {
  readonly key: string;
  readonly chain: string;
  readonly root: string;
} {
  const pem = certificates.map((der) => new X509Certificate(der).toString());
  return { key: key.export({ type: 'pkcs8', format: 'pem' }), chain: pem.join(''), root: pem.at(-1) ?? '' };
}
