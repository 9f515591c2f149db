import { join } from 'node:path';

/** A mirror of the demo: a static web server on a loopback address of its own. */
export interface DemoMirror {
  readonly name: string;
  readonly country: string;
  readonly address: string;
  /** Clients that connect from these addresses count as being in the mirror's country. */
  readonly clients: string;
  /** One of `clients`, for the person who tries the demo. */
  readonly clientAddress: string;
  /** Another one, from which the demo checks that it works before it says so. */
  readonly checkAddress: string;
}

export const demoMirrors: readonly DemoMirror[] = [
  createMirror('mirror-de', 'DE', 1),
  createMirror('mirror-us', 'US', 2),
  createMirror('mirror-jp', 'JP', 3),
];

/** The Mirror List's address. */
export const demoAddress = '127.0.0.1';

/**
 * From here it is shown where a layer is to be fetched from: for the Mirror List, whoever looks and does not fetch has
 * failed there, and the next pull from that address would be sent elsewhere. It counts as being where this machine does.
 */
export const lookingAddress = '127.0.10.1';

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
    refused: at('refused'),
    mirrorRoot: (mirror: DemoMirror) => at('mirrors', mirror.name, 'tree'),
    mirrorCertificate: (mirror: DemoMirror) => at('mirrors', mirror.name, 'tls.crt'),
    mirrorKey: (mirror: DemoMirror) => at('mirrors', mirror.name, 'tls.key'),
  };
}

function createMirror(name: string, country: string, number: number): DemoMirror {
  const clients = `127.0.${10 + number}`;
  return {
    name,
    country,
    address: `127.0.1.${number}`,
    clients: `${clients}.0/24`,
    clientAddress: `${clients}.1`,
    checkAddress: `${clients}.2`,
  };
}
