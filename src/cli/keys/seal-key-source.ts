import type { Terminal } from '../terminal/command.ts';
import type { SealKeySource } from './seal-signer.ts';
import { askSecret } from '../terminal/prompt.ts';

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
