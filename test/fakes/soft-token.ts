import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

const modules = ['/usr/lib/softhsm/libsofthsm2.so', '/usr/lib64/softhsm/libsofthsm2.so'];
const programs = ['softhsm2-util', 'pkcs11-tool'];

/** Why there is no software token here; false when there is one. */
export function softTokenMissing(): string | false {
  const path = (process.env.PATH ?? '').split(delimiter);
  const missing = programs.find((name) => !path.some((folder) => existsSync(join(folder, name))));
  if (missing !== undefined) return `${missing} is not installed (Debian: softhsm2, opensc)`;
  return modules.some(existsSync) ? false : `${modules.join(' and ')} are missing (Debian: softhsm2)`;
}

/** A PKCS #11 token of SoftHSM with one ECDSA P-256 key, whose ID is 01. */
export interface SoftToken {
  readonly module: string;
  readonly tokenLabel: string;
  readonly pin: string;
  /** The process's, with where SoftHSM keeps its tokens. */
  readonly environment: NodeJS.ProcessEnv;
  remove(): void;
}

export function createSoftToken(keyType = 'EC:prime256v1'): SoftToken {
  const folder = mkdtempSync(join(tmpdir(), 'signpost-softhsm-'));
  const configuration = join(folder, 'softhsm2.conf');
  writeFileSync(configuration, `directories.tokendir = ${folder}\nobjectstore.backend = file\n`);
  const environment = { ...process.env, SOFTHSM2_CONF: configuration };
  const module = modules.find(existsSync) ?? '';
  const run = (file: string, ...args: readonly string[]) =>
    execFileSync(file, args, { env: environment, stdio: 'pipe', timeout: 30_000 });
  const pin = '648219';
  const tokenLabel = 'signpost test';
  run('softhsm2-util', '--init-token', '--free', '--label', tokenLabel, '--so-pin', '00000000', '--pin', pin);
  const login = ['--module', module, '--token-label', tokenLabel, '--login', '--pin', pin];
  run('pkcs11-tool', ...login, '--keypairgen', '--key-type', keyType, '--id', '01', '--label', 'release');
  return {
    module,
    tokenLabel,
    pin,
    environment,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
