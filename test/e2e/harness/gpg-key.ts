import { mustRun, runCommand } from './command.ts';
import type { WorkFolder } from './work-folder.ts';

/** A key made by gpg, in a home folder of its own. */
export interface GpgKey extends AsyncDisposable {
  readonly home: string;
  /** Of the primary key, which signs itself: stock clients accept no signing subkey. */
  readonly fingerprint: string;
  /** File with the armoured public key. */
  readonly publicKey: string;
  /** File with the armoured secret key, without a passphrase. */
  readonly secretKey: string;
}

export async function createGpgKey(work: WorkFolder, name: string, algorithm: string): Promise<GpgKey> {
  const home = work.folder(`gpg-${name}`);
  const gpg = (...args: string[]) =>
    mustRun('gpg', [
      '--homedir',
      home,
      '--batch',
      '--quiet',
      '--pinentry-mode',
      'loopback',
      '--passphrase',
      '',
      ...args,
    ]);
  const publicKey = work.file(`${name}.public.asc`);
  const secretKey = work.file(`${name}.secret.asc`);
  await mustRun('chmod', ['700', home]);
  await gpg('--quick-generate-key', `${name} <${name}@example.test>`, algorithm, 'sign', '1y');
  const listing = await gpg('--with-colons', '--list-keys');
  const fingerprint = /^fpr:+([0-9A-F]{40}):/m.exec(listing)?.[1] ?? '';
  await gpg('--armor', '--output', publicKey, '--export', fingerprint);
  await gpg('--armor', '--output', secretKey, '--export-secret-keys', fingerprint);
  return {
    home,
    fingerprint,
    publicKey,
    secretKey,
    async [Symbol.asyncDispose]() {
      await runCommand('gpgconf', ['--homedir', home, '--kill', 'all']);
    },
  };
}
