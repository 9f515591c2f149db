import { createFileSealSigner } from '../../adapters/keys/file-seal-signer.ts';
import { readSmallFile } from '../../adapters/files/small-file.ts';
import type { SealSigner } from '../../ports/seal-signer.ts';
import { sealKeyLimit } from '../../trust/hand-off/seal.ts';
import { readPassphrase } from './passphrase.ts';
import type { Terminal } from '../terminal/command.ts';
import { askSecret } from '../terminal/prompt.ts';

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

/** Where a private key for seals is, and how its passphrase is had. `option` names the option for the passphrase. */
export function sealKeySource(
  terminal: Terminal,
  path: string,
  passphraseFile: string | undefined,
  option: string,
): SealKeySource {
  const ask = () => askSecret(terminal, `Passphrase of ${path}`, `name a file with ${option}`);
  return { path, passphraseFile, ask };
}
