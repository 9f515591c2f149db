import { dirname, resolve } from 'node:path';
import { readSmallFile } from '../../adapters/files/small-file.ts';
import { SignpostError } from '../../oci/errors.ts';
import type { MetadataSigner } from '../../ports/metadata-signing.ts';
import type { RawSigner } from '../../ports/raw-signing.ts';
import { createNotarySigner } from '../../signer/notary-signer.ts';
import { createTufSigner } from '../../signer/tuf-signer.ts';
import { parseGlob } from '../../trust/glob.ts';
import { metadataFileLimit } from '../../trust/metadata-file.ts';
import { notaryKeysSchema, tufKeysSchema } from './metadata-keys-schema.ts';
import { parseSettings } from '../config/parse-settings.ts';
import { openRawSigner } from '../keys/raw-signers.ts';
import { waitForAll } from '../../parallel/wait-for-all.ts';

/** The files that say which keys sign metadata. */
export interface MetadataKeyFiles {
  readonly tuf: string | undefined;
  readonly notary: string | undefined;
}

/** Opened signers, to be closed when everything is signed. */
export interface MetadataSigners extends AsyncDisposable {
  readonly metadata: readonly MetadataSigner[];
}

const settingsLimit = 256 * 1024;

/** @throws SignpostError CONFIG_INVALID, DENIED, NOT_FOUND, UNAVAILABLE, TRUST */
export async function openMetadataSigners({ tuf, notary }: MetadataKeyFiles): Promise<MetadataSigners> {
  const opened: RawSigner[] = [];
  const close = async () => {
    for (const signer of opened) await signer.close();
  };
  const metadata: MetadataSigner[] = [];
  try {
    if (tuf !== undefined) metadata.push(await openTufSigner(tuf, opened));
    if (notary !== undefined) metadata.push(await openNotarySigner(notary, opened));
  } catch (error) {
    await close();
    throw error;
  }
  return { metadata, [Symbol.asyncDispose]: close };
}

async function openTufSigner(file: string, opened: RawSigner[]): Promise<MetadataSigner> {
  const settings = parseSettings(tufKeysSchema, await readText(file), file, 'TUF key file');
  const open = createKeyOpener(file, settings.passphraseFile, opened);
  const openAll = async (names: readonly string[]) => {
    const signers: RawSigner[] = [];
    for (const name of names) signers.push(await open(name));
    return signers;
  };
  const { targets, snapshot, timestamp } = settings.keys;
  const keys = {
    targets: await openAll(targets),
    snapshot: await openAll(snapshot),
    timestamp: await openAll(timestamp),
  };
  const roots = await readRoots(file, settings.roots);
  return onlyFor(settings.repositories, createTufSigner(keys, roots, settings.validity));
}

async function openNotarySigner(file: string, opened: RawSigner[]): Promise<MetadataSigner> {
  const settings = parseSettings(notaryKeysSchema, await readText(file), file, 'Notary v1 key file');
  const open = createKeyOpener(file, settings.passphraseFile, opened);
  const { targets, snapshot, timestamp } = settings.keys;
  const keys = {
    targets: await open(targets),
    snapshot: await open(snapshot),
    timestamp: await open(timestamp),
  };
  const roots = await readRoots(file, settings.roots);
  return onlyFor(settings.repositories, createNotarySigner(keys, roots, settings.validity));
}

function createKeyOpener(file: string, passphraseFile: string | undefined, opened: RawSigner[]) {
  return async (key: string): Promise<RawSigner> => {
    const name = /^(?:pkcs11|command):/.test(key) ? key : at(file, key);
    const signer = await openRawSigner({
      name,
      passphraseFile: passphraseFile === undefined ? undefined : at(file, passphraseFile),
      ask: () =>
        Promise.reject(
          new SignpostError('CONFIG_INVALID', `${name} is protected: ${file} has to name a passphraseFile`),
        ),
    });
    opened.push(signer);
    return signer;
  };
}

function readRoots(file: string, roots: readonly string[]): Promise<readonly Uint8Array[]> {
  return waitForAll(roots.map((root) => readSmallFile(at(file, root), metadataFileLimit)));
}

function onlyFor(patterns: readonly string[], signer: MetadataSigner): MetadataSigner {
  const matches = patterns.map(parseGlob);
  return {
    format: signer.format,
    sign: (event) =>
      signer.sign({
        ...event,
        tags: event.tags.filter(({ repository }) => matches.some((match) => match(repository))),
      }),
  };
}

async function readText(file: string): Promise<string> {
  return Buffer.from(await readSmallFile(file, settingsLimit)).toString('utf8');
}

/** Paths in a file are relative to it. */
function at(file: string, path: string): string {
  return resolve(dirname(file), path);
}
