import { writeFileSync } from 'node:fs';
import { createCertificateAuthority } from '../../../demo/certificates.ts';
import type { WorkFolder } from './work-folder.ts';

/** A certificate authority of this test alone, and one server certificate under it. */
export interface Certificates {
  /** PEM file of the authority: for SSL_CERT_FILE, which Go programs and OpenSSL trust instead of the system's. */
  readonly authority: string;
  readonly certificate: string;
  readonly key: string;
  /** The same, of a certificate that ended an hour ago. */
  readonly expired: { readonly certificate: string; readonly key: string };
}

const day = 86_400_000;
const hour = 3_600_000;

/** Makes a certificate for `hosts`: names and IP addresses. */
export async function createCertificates(work: WorkFolder, hosts: readonly string[]): Promise<Certificates> {
  const validity = { notBefore: Date.now() - day, notAfter: Date.now() + day };
  const authority = await createCertificateAuthority('Signpost test authority', validity);
  const issued = await authority.issue(hosts, validity);
  const expired = await authority.issue(hosts, { ...validity, notAfter: Date.now() - hour });
  const write = (name: string, pem: string) => {
    writeFileSync(work.file('certificates', name), pem, { mode: 0o600 });
    return work.file('certificates', name);
  };
  return {
    authority: write('authority.pem', authority.certificate),
    certificate: write('server.pem', issued.certificate),
    key: write('server.key', issued.key),
    expired: {
      certificate: write('expired.pem', expired.certificate),
      key: write('expired.key', expired.key),
    },
  };
}
