import { createCertificateAuthority } from '../../demo/certificates.ts';

/** PEM texts: an authority, and a server certificate of it for 127.0.0.1 and localhost, valid for an hour. */
export interface LoopbackCertificate {
  readonly authority: string;
  readonly certificate: string;
  readonly key: string;
}

export async function createLoopbackCertificate(): Promise<LoopbackCertificate> {
  const now = Date.now();
  const validity = { notBefore: now - 60_000, notAfter: now + 3_600_000 };
  const authority = await createCertificateAuthority('Test authority', validity);
  const server = await authority.issue(['127.0.0.1', 'localhost'], validity);
  return { authority: authority.certificate, ...server };
}
