import { createFileSealSigner } from '../../adapters/keys/file-seal-signer.ts';
import { readSmallFile } from '../../adapters/files/small-file.ts';
import type { SealSigner } from '../../ports/seal-signer.ts';
import { sealKeyLimit } from '../../trust/hand-off/seal.ts';
import { readPassphrase } from './passphrase.ts';

/** A private key in PEM that vouches for files of the hand-off. */
export interface SealKeySource {
  readonly path: string;
  readonly passphraseFile: string | undefined;
  readonly ask: () => Promise<string>;
}

export async function openSealSigner({ path, passphraseFile, ask }: SealKeySource): Promise<SealSigner> {
  const bytes = await readSmallFile(path, sealKeyLimit);
  return createFileSealSigner({ name: path, bytes }, () =>
    passphraseFile === undefined ? ask() : readPassphrase(passphraseFile),
  );
}
