import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { SignpostError } from '../../oci/errors.ts';
import type { Terminal } from '../terminal/command.ts';
import type { MetadataKeyFiles } from './compose-metadata-signers.ts';
import { type SealKeySource, sealKeySource } from '../keys/seal-signer.ts';
import type { KeySource } from './compose-signing-keys.ts';
import { askSecret } from '../terminal/prompt.ts';

/** The options of all commands that sign. */
export interface SigningKeyOptions {
  readonly key?: string;
  readonly gpg?: string;
  readonly gpgHome?: string;
  readonly passphraseFile?: string;
  readonly cosignKey?: string;
  readonly cosignPassphraseFile?: string;
  readonly notationKey?: string;
  readonly notationPassphraseFile?: string;
  readonly notationChain?: string;
  readonly tuf?: string;
  readonly notary?: string;
  readonly bundleKey?: string;
  readonly bundlePassphraseFile?: string;
  readonly expires: string;
  readonly record?: string;
}

/** Adds what says which keys sign, for how long, and where the signer's record is. */
export function addSigningKeyOptions(command: Command): Command {
  return command
    .option('--key <file>', 'OpenPGP secret key, armoured or binary')
    .option('--gpg <fingerprint>', 'sign with this key of gpg, which may be on a smart card')
    .option('--gpg-home <folder>', 'home folder of gpg')
    .option('--passphrase-file <file>', "file whose first line is the key's passphrase (default: ask for it)")
    .option(
      '--cosign-key <key>',
      'ECDSA P-256 private key that signs as cosign does, attached and as a bundle: a PEM file, a "pkcs11:" URI, or "command:" and a file that names the program that signs',
    )
    .option(
      '--cosign-passphrase-file <file>',
      "file whose first line is that key's passphrase or PIN (default: ask for it)",
    )
    .option(
      '--notation-key <key>',
      'private key that signs as notation does: a PEM file, a "pkcs11:" URI, or "command:" and a file',
    )
    .option('--notation-chain <file>', 'certificates of --notation-key in PEM, from the leaf to the root')
    .option(
      '--notation-passphrase-file <file>',
      "file whose first line is that key's passphrase or PIN (default: ask for it)",
    )
    .option('--tuf <file>', 'YAML file that says which keys sign TUF metadata (docs/tuf.md)')
    .option('--notary <file>', 'YAML file that says which keys sign Notary v1 metadata (docs/tuf.md)')
    .option('--bundle-key <file>', 'private key in PEM (Ed25519 or ECDSA) that seals the bundle')
    .option(
      '--bundle-passphrase-file <file>',
      "file whose first line is that key's passphrase (default: ask for it)",
    )
    .option('--expires <time>', 'how long the signatures are valid', '90d')
    .option('--record <file>', "the signer's own record (default: ~/.local/state/signpost/signer.db)");
}

/** @throws SignpostError USAGE when no key is named, or several that exclude each other */
export function keySources(terminal: Terminal, options: SigningKeyOptions): readonly KeySource[] {
  const { key, gpg, cosignKey, notationKey, notationChain } = options;
  if (key !== undefined && gpg !== undefined) {
    throw new SignpostError('USAGE', 'name one OpenPGP key: either --key <file> or --gpg <fingerprint>');
  }
  const fileKey = (path: string, passphraseFile: string | undefined, option: string) => {
    const ask = () => askSecret(terminal, `Passphrase of ${path}`, `name a file with ${option}`);
    return { path, passphraseFile, ask };
  };
  const rawKey = (name: string, passphraseFile: string | undefined, option: string) => {
    const { ask } = fileKey(name, passphraseFile, option);
    return { name, passphraseFile, ask };
  };
  const sources: KeySource[] = [];
  if (key !== undefined) {
    sources.push({ kind: 'file', ...fileKey(key, options.passphraseFile, '--passphrase-file') });
  }
  if (gpg !== undefined) sources.push({ kind: 'gpg', fingerprint: gpg, home: options.gpgHome });
  if (cosignKey !== undefined) {
    sources.push({
      kind: 'cosign',
      ...rawKey(cosignKey, options.cosignPassphraseFile, '--cosign-passphrase-file'),
    });
  }
  if ((notationKey === undefined) !== (notationChain === undefined)) {
    throw new SignpostError('USAGE', '--notation-key and --notation-chain go together: name both');
  }
  if (notationKey !== undefined) {
    const file = rawKey(notationKey, options.notationPassphraseFile, '--notation-passphrase-file');
    sources.push({ kind: 'notation', ...file, chain: notationChain });
  }
  if (sources.length > 0) return sources;
  throw new SignpostError(
    'USAGE',
    'name a key to sign with: --key <file> or --gpg <fingerprint>, --cosign-key <key>, --notation-key <key>, or several kinds',
  );
}

/** Which keys sign metadata of whole repositories. */
export function metadataKeyFiles({ tuf, notary }: SigningKeyOptions): MetadataKeyFiles {
  return { tuf, notary };
}

/** The key that vouches for bundles, if there is one. */
export function bundleKeySource(terminal: Terminal, options: SigningKeyOptions): SealKeySource | undefined {
  const { bundleKey, bundlePassphraseFile } = options;
  return bundleKey === undefined
    ? undefined
    : sealKeySource(terminal, bundleKey, bundlePassphraseFile, '--bundle-passphrase-file');
}

/** Where the signer's record is when nobody says where. */
export function defaultRecord(): string {
  return join(homedir(), '.local/state/signpost/signer.db');
}
