import { join } from 'node:path';

/** A mirror of the demo: a static web server on a loopback address of its own. */
export interface DemoMirror {
  readonly name: string;
  readonly country: string;
  readonly address: string;
  /** A client that connects from this address counts as being in the mirror's country. */
  readonly clientAddress: string;
}

export const demoMirrors: readonly DemoMirror[] = [
  { name: 'mirror-de', country: 'DE', address: '127.0.1.1', clientAddress: '127.0.2.1' },
  { name: 'mirror-us', country: 'US', address: '127.0.1.2', clientAddress: '127.0.2.2' },
  { name: 'mirror-jp', country: 'JP', address: '127.0.1.3', clientAddress: '127.0.2.3' },
];

/** The Mirror List's address. */
export const demoAddress = '127.0.0.1';

/** Where everything of a demo lies. */
export type DemoPaths = ReturnType<typeof demoPaths>;

export function demoPaths(folder: string, registry: string) {
  const at = (...parts: readonly string[]) => join(folder, ...parts);
  return {
    folder,
    config: at('signpost.yaml'),
    data: at('data'),
    tree: at('data', 'tree'),
    image: at('image'),
    serveLog: at('serve.log'),
    authority: at('tls', 'ca.crt'),
    certificate: at('tls', 'server.crt'),
    key: at('tls', 'server.key'),
    privateKey: at('keys', 'release.key'),
    publicKey: at('keys', 'release.asc'),
    strangersKey: at('keys', 'stranger.asc'),
    request: at('to-sign.request'),
    bundle: at('signed.bundle'),
    record: at('signer.db'),
    certificates: at('client', 'certs.d', registry),
    policy: at('client', 'policy.json'),
    strictPolicy: at('client', 'policy-other-key.json'),
    registriesFolder: at('client', 'registries.d'),
    pulled: at('pulled'),
    mirrorRoot: (mirror: DemoMirror) => at('mirrors', mirror.name, 'tree'),
    mirrorCertificate: (mirror: DemoMirror) => at('mirrors', mirror.name, 'tls.crt'),
    mirrorKey: (mirror: DemoMirror) => at('mirrors', mirror.name, 'tls.key'),
  };
}
