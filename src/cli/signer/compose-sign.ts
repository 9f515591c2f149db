import { homedir } from 'node:os';
import { join } from 'node:path';
import { createNewFile } from '../../adapters/files/new-file.ts';
import { readLines } from '../../adapters/files/read-lines.ts';
import { openSignerRecord } from '../../adapters/db/sqlite/signer-record.ts';
import { createSystemClock } from '../../adapters/time/system-clock.ts';
import { type SignDeps, type SignResult, signRequest } from '../../signer/sign-request.ts';
import { requestLimits } from '../../trust/hand-off/signing-request.ts';
import { version } from '../terminal/version.ts';
import { type MetadataKeyFiles, openMetadataSigners } from './compose-metadata-signers.ts';
import { type SealKeySource, openSealSigner } from '../keys/seal-signer.ts';
import { type KeySource, openSigningKeys } from './compose-signing-keys.ts';

export interface SignSettings {
  readonly request: string;
  readonly output: string | undefined;
  /** One or more. */
  readonly keys: readonly KeySource[];
  /** Which keys sign TUF and Notary v1 metadata. */
  readonly metadataKeys: MetadataKeyFiles;
  /** Vouches for the bundle as a whole. */
  readonly bundleKey: SealKeySource | undefined;
  /** The signer's record; undefined for the one in the user's home. */
  readonly record: string | undefined;
  /** Milliseconds. */
  readonly life: number;
  readonly allowRollback: boolean;
  readonly adoptRecord: boolean;
  readonly review: SignDeps['review'];
  readonly advance: (done: number, all: number) => void;
  readonly signal: AbortSignal;
}

/** Where the signer's record is when nobody says where. */
export function defaultRecord(): string {
  return join(homedir(), '.local/state/signpost/signer.db');
}

/** Signs the request in a file. Needs no configuration, no data folder and no network. */
export async function composeSign(settings: SignSettings): Promise<SignResult> {
  const clock = createSystemClock();
  await using opened = await openSigningKeys(settings.keys, clock);
  const { keys } = opened;
  await using signers = await openMetadataSigners(settings.metadataKeys);
  const sealer = settings.bundleKey === undefined ? undefined : await openSealSigner(settings.bundleKey);
  using record = openSignerRecord(settings.record ?? defaultRecord());
  const { output, review, advance, signal, life, allowRollback, adoptRecord } = settings;
  const name = keys[0]?.signer.fingerprint.slice(-8) ?? '';
  return await signRequest(
    {
      keys,
      metadata: signers.metadata,
      ...(sealer === undefined ? {} : { sealer }),
      record,
      clock,
      review,
      createBundle: ({ header }) =>
        createNewFile(output ?? `signature-bundle-${header.serial}-${name}.bundle`),
      advance,
      signal,
    },
    readLines(settings.request, requestLimits.line),
    { life, allowRollback, adoptRecord, creator: `signpost ${version}` },
  );
}
