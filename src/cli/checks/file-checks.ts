import { dirname } from 'node:path';
import { statIfThere } from '../../adapters/files/atomic-file.ts';
import { checkAuthorityFile } from '../../adapters/keys/certificate-files.ts';
import { readMmdbFile } from '../../adapters/place-finder/mmdb-file.ts';
import { readSmallFile } from '../../adapters/files/small-file.ts';
import { SignpostError, isSignpostError } from '../../oci/errors.ts';
import { readTlsPair } from '../../adapters/http-server/tls-files.ts';
import type { Conflict } from '../config/config-conflicts.ts';
import type { Config } from '../config/config-schema.ts';
import { readDatabasePassword } from '../records/database-password.ts';
import { readNotaryCertificates } from '../trust/notary-certificates.ts';
import { readPassphrase } from '../keys/passphrase.ts';
import { readSealKey } from '../trust/seal-key.ts';
import { readTokenFile } from '../keys/token-file.ts';
import { readTufRoot } from '../trust/tuf-root.ts';
import { readWebhookSecret } from '../keys/webhook-secret.ts';

/** A setting that names a file, and what throws when the file is of no use. */
interface FileCheck {
  readonly path: Conflict['path'];
  readonly read: () => unknown;
}

const keyLimit = 64 * 1024;

/** Files that everybody may read who publishes: public keys, and the data folder. */
export function checksForPublishing({ data, signers, tuf, notary }: Config): readonly FileCheck[] {
  return [
    { path: ['data'], read: () => checkDataFolder(data) },
    ...each(['signers'], signers, readSealKey),
    ...one(['tuf', 'root'], tuf.root, readTufRoot),
    ...each(['notary', 'certificates'], notary.certificates, (file) => readNotaryCertificates([file])),
  ];
}

/** All the others: those that the server reads. */
export function checksForServing(config: Config): readonly FileCheck[] {
  const { registry, admin, metrics, webhooks, tuf, mirrors, origin, places } = config;
  return [
    ...Object.entries({ registry, admin, metrics }).flatMap(([section, { listen }]) =>
      listen.flatMap(({ tls }, index) => one([section, 'listen', index, 'tls'], tls, readTlsPair)),
    ),
    ...each(
      ['webhooks', 'hooks'],
      webhooks.hooks.map(({ secretFile }) => secretFile),
      readWebhookSecret,
      'secretFile',
    ),
    ...one(['webhooks', 'masterSecretFile'], webhooks.masterSecretFile, readWebhookSecret),
    ...one(['databasePasswordFile'], config.databasePasswordFile, readDatabasePassword),
    // The key itself is opened by those alone who sign with it.
    ...one(['tuf', 'timestampKey'], fileOfKey(tuf.timestampKey), (file) => readSmallFile(file, keyLimit)),
    ...one(['tuf', 'timestampPassphraseFile'], tuf.timestampPassphraseFile, readPassphrase),
    ...each(['mirrors', 'certificateAuthorities'], mirrors.certificateAuthorities, checkAuthorityFile),
    ...each(['origin', 'certificateAuthorities'], origin?.certificateAuthorities ?? [], checkAuthorityFile),
    ...one(['origin', 'key'], origin?.key, readSealKey),
    ...one(['origin', 'tokenFile'], origin?.tokenFile, readTokenFile),
    ...one(['places', 'countryDatabase'], places.countryDatabase, (file) =>
      readMmdbFile(file, 'country database'),
    ),
    ...one(['places', 'asnDatabase'], places.asnDatabase, (file) => readMmdbFile(file, 'ASN database')),
  ];
}

/** What an error says to the person who wrote the configuration. */
export function messageOf(error: unknown): string {
  if (isSignpostError(error)) return error.message;
  throw error;
}

/** @returns what is wrong with the file, if anything is */
export async function runFileCheck({ path, read }: FileCheck): Promise<readonly Conflict[]> {
  try {
    await read();
    return [];
  } catch (error) {
    return [{ path, message: messageOf(error) }];
  }
}

function one<T>(
  path: Conflict['path'],
  value: T | undefined,
  read: (value: T) => unknown,
): readonly FileCheck[] {
  return value === undefined ? [] : [{ path, read: () => read(value) }];
}

function each(
  path: Conflict['path'],
  files: readonly string[],
  read: (file: string) => unknown,
  setting?: string,
): readonly FileCheck[] {
  return files.map((file, index) => ({
    path: [...path, index, ...(setting === undefined ? [] : [setting])],
    read: () => read(file),
  }));
}

// A folder that is not there is made, but not the one that it is to be in: that is a disk which is not mounted, or a
// mistake.
function checkDataFolder(path: string): void {
  const found = statIfThere(path);
  if (found?.isDirectory() === true) return;
  if (found !== undefined) throw invalid(`${path} is a file: expected a folder`);
  if (statIfThere(dirname(path))?.isDirectory() === true) return;
  throw invalid(
    `there is no folder ${dirname(path)} in which ${path} could be made: make it, or mount its disk`,
  );
}

function invalid(message: string): SignpostError {
  return new SignpostError('CONFIG_INVALID', message);
}

function fileOfKey(name: string | undefined): string | undefined {
  if (name === undefined || name.startsWith('pkcs11:')) return undefined;
  return name.replace(/^command:/, '');
}
