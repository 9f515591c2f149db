import { digestOf } from '../../src/oci/digest.ts';
import { parseRegistryHost, parseTaggedReference } from '../../src/oci/reference.ts';
import type { MetadataTag } from '../../src/ports/metadata-signing.ts';
import type { RawSigner } from '../../src/ports/raw-signing.ts';
import { sealMetadata } from '../../src/signer/seal-metadata.ts';
import { type TufLives, createTufSigner } from '../../src/signer/tuf-signer.ts';
import { tufKeyOf } from '../../src/trust/tuf/key.ts';
import type { Root } from '../../src/trust/tuf/metadata.ts';
import { nextRoot } from '../../src/trust/tuf/next-metadata.ts';
import { createRawSigner } from './raw-signer.ts';

export const hour = 3_600_000;
const lives: TufLives = { targets: 2000 * hour, snapshot: 200 * hour, timestamp: 20 * hour };

export interface TufKeyring {
  readonly root: readonly RawSigner[];
  readonly targets: readonly RawSigner[];
  readonly snapshot: readonly RawSigner[];
  readonly timestamp: readonly RawSigner[];
}

export function createTufKeyring(): TufKeyring {
  const make = () => createRawSigner();
  return { root: [make(), make(), make()], targets: [make()], snapshot: [make()], timestamp: [make()] };
}

/** Root `previous` and one, asking for two of the root keys, and signed by `signers`. */
export async function makeRoot(
  keyring: TufKeyring,
  signers: readonly RawSigner[],
  expires: number,
  previous?: Root,
): Promise<{ readonly root: Root; readonly bytes: Uint8Array }> {
  const of = (role: keyof TufKeyring, threshold: number) => ({
    keys: keyring[role].map(({ publicKey }) => tufKeyOf(publicKey)),
    threshold,
  });
  const root = nextRoot(
    previous,
    {
      root: of('root', 2),
      timestamp: of('timestamp', 1),
      snapshot: of('snapshot', 1),
      targets: of('targets', 1),
    },
    expires,
  );
  return { root, bytes: (await sealMetadata(root, signers)).bytes };
}

/** A tag for which the list is its own name. */
export function tufTag(reference: string): MetadataTag {
  return { ...parseTaggedReference(reference), list: digestOf(reference), size: reference.length };
}

/** A signing machine that remembers, and what it has handed over so far. */
export function createTufMachine(keyring: TufKeyring, roots: readonly Uint8Array[]) {
  const own = new Map<string, Uint8Array>();
  const published = new Map<string, Uint8Array>();
  return {
    published,
    /** The files of a signing event, which count as published too. */
    async sign(references: readonly string[], now: number, over: Partial<TufKeyring> = {}, chain = roots) {
      const signer = createTufSigner({ ...keyring, ...over }, chain, lives);
      const tags = references.map(tufTag);
      const registry = parseRegistryHost('images.example.org');
      const files = await signer.sign({ registry, tags, own, now });
      const before = new Map(published);
      for (const { name, path, bytes } of files) {
        own.set(name, bytes);
        published.set(path, bytes);
      }
      return { before, offered: new Map(files.map(({ path, bytes }) => [path, bytes])) };
    },
  };
}
