import { generateKey } from 'openpgp';

/** An OpenPGP key, armoured. */
export interface DemoKey {
  readonly privateKey: string;
  readonly publicKey: string;
}

/**
 * Makes a key that every stock client accepts (README.md): a legacy EdDSA primary key that signs by
 * itself. A signing subkey would be refused by podman and skopeo before late 2025. `now` is milliseconds since the
 * epoch.
 */
export async function createSigningKey(name: string, now: number): Promise<DemoKey> {
  const { privateKey, publicKey } = await generateKey({
    type: 'ecc',
    curve: 'ed25519Legacy',
    userIDs: [{ name }],
    subkeys: [],
    date: new Date(now),
    format: 'armored',
  });
  return { privateKey, publicKey };
}
