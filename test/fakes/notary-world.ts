import { createHash, sign } from 'node:crypto';
import { parseRegistryHost } from '../../src/oci/reference.ts';
import type { RawSigner } from '../../src/ports/raw-signing.ts';
import { type NotarySigners, createNotarySigner } from '../../src/signer/notary-signer.ts';
import { notaryKeyOf, notaryRootKeyOf } from '../../src/trust/notary-v1/key.ts';
import type { NotaryRoot } from '../../src/trust/notary-v1/metadata.ts';
import {
  formatNotaryFile,
  nextNotaryRoot,
  notarySignature,
  notarySignedBytes,
} from '../../src/trust/notary-v1/next-metadata.ts';
import { createRawSigner } from './raw-signer.ts';
import { createTestChain } from './signing-certificates.ts';
import { hour, tufTag } from './tuf-world.ts';

export interface NotaryKeyring extends NotarySigners {
  readonly root: RawSigner & { readonly certificate: Uint8Array };
}

/** Keys whose root certificate is for `name`, such as `images.example.org/*`. */
export async function createNotaryKeyring(name: string, now: number): Promise<NotaryKeyring> {
  const chain = await createTestChain(now, { subject: `CN=${name}`, extendedUses: ['1.3.6.1.5.5.7.3.3'] });
  const [certificate = new Uint8Array()] = chain.certificates;
  const root = {
    ...createRawSigner(),
    certificate,
    sign: (bytes: Uint8Array) => Promise.resolve(sign('sha256', bytes, chain.key)),
  };
  return { root, targets: createRawSigner(), snapshot: createRawSigner(), timestamp: createRawSigner() };
}

export function fingerprintOf({ root }: NotaryKeyring): string {
  return createHash('sha256').update(root.certificate).digest('hex');
}

/**
 * The root after `previous`, signed by `signers` too: a new root certificate is vouched for by the old one. It names the
 * certificates of `named`.
 */
export async function makeNotaryRoot(
  keyring: NotaryKeyring,
  expires: number,
  previous?: NotaryRoot,
  signers: readonly NotaryKeyring[] = [keyring],
  named: readonly NotaryKeyring[] = [keyring],
): Promise<{ readonly root: NotaryRoot; readonly bytes: Uint8Array }> {
  const root = nextNotaryRoot(
    previous,
    {
      root: named.map(({ root }) => notaryRootKeyOf(root.certificate)),
      targets: notaryKeyOf(keyring.targets.publicKey),
      snapshot: notaryKeyOf(keyring.snapshot.publicKey),
      timestamp: notaryKeyOf(keyring.timestamp.publicKey),
    },
    expires,
  );
  const signatures = [];
  for (const { root: signer } of signers) {
    const der = await signer.sign(notarySignedBytes(root));
    signatures.push(notarySignature(notaryRootKeyOf(signer.certificate), der));
  }
  return { root, bytes: formatNotaryFile(root, signatures) };
}

/** A signing machine that remembers, and what it has handed over so far, by path below `v2/`. */
export function createNotaryMachine(registryName: string) {
  const own = new Map<string, Uint8Array>();
  const published = new Map<string, Uint8Array>();
  return {
    published,
    async sign(
      keyring: NotaryKeyring,
      roots: readonly Uint8Array[],
      references: readonly string[],
      now: number,
    ) {
      const lives = { targets: 2000 * hour, snapshot: 200 * hour, timestamp: 20 * hour };
      const signer = createNotarySigner(keyring, roots, lives);
      const registry = parseRegistryHost(registryName);
      const files = await signer.sign({ registry, tags: references.map(tufTag), own, now });
      const before = new Map(published);
      for (const { name, path, bytes } of files) {
        own.set(name, bytes);
        published.set(path, bytes);
      }
      return { before, offered: new Map(files.map(({ path, bytes }) => [path, bytes])) };
    },
  };
}
