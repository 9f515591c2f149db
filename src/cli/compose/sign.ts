import { homedir } from 'node:os';
import { join } from 'node:path';
import { createNewFile } from '../../adapters/new-file.ts';
import { createFileSigner } from '../../adapters/openpgp/file-signer.ts';
import { createGpgSigner } from '../../adapters/openpgp/gpg-signer.ts';
import { keyFileLimit } from '../../adapters/openpgp/public-keys.ts';
import { createSignatureReader } from '../../adapters/openpgp/signature-reader.ts';
import { createSimpleReader } from '../../adapters/openpgp/simple-reader.ts';
import { readLines } from '../../adapters/read-lines.ts';
import { readSmallFile } from '../../adapters/small-file.ts';
import { openSignerRecord } from '../../adapters/sqlite/signer-record.ts';
import { createSystemClock } from '../../adapters/system-clock.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Signer } from '../../ports/signing.ts';
import type { SigningPlan } from '../../sign/plan-signing.ts';
import { createSimpleSigner } from '../../sign/simple-signer.ts';
import { type SignResult, signRequest } from '../../sign/sign-request.ts';
import { requestLimits } from '../../trust/signing-request.ts';
import { version } from '../version.ts';
import { readPassphrase } from './passphrase.ts';

/** Somebody may have to find the smart card and type its PIN, in milliseconds. */
const gpgTimeout = 5 * 60_000;

export interface SignSettings {
  readonly request: string;
  readonly output: string | undefined;
  readonly key: KeySource;
  /** The signer's record; undefined for the one in the user's home. */
  readonly record: string | undefined;
  /** Milliseconds. */
  readonly life: number;
  readonly allowRollback: boolean;
  readonly review: (plan: SigningPlan) => Promise<boolean>;
  readonly advance: (done: number, all: number) => void;
  readonly signal: AbortSignal;
}

export type KeySource =
  | {
      readonly kind: 'file';
      readonly path: string;
      readonly passphraseFile: string | undefined;
      readonly ask: () => Promise<string>;
    }
  | { readonly kind: 'gpg'; readonly fingerprint: string; readonly home: string | undefined };

/** Signs the request in a file. Needs no configuration, no data folder and no network. */
export async function composeSign(settings: SignSettings): Promise<SignResult> {
  const clock = createSystemClock();
  const signer = await openSigner(settings.key, clock);
  try {
    using record = openSignerRecord(settings.record ?? join(homedir(), '.local/state/signpost/signer.db'));
    const publicKey = { name: 'the signing key', bytes: signer.publicKey };
    const reader = createSimpleReader(await createSignatureReader([publicKey], clock));
    const { output, review, advance, signal, life, allowRollback } = settings;
    return await signRequest(
      {
        keys: [{ signer: createSimpleSigner(signer), reader }],
        record,
        clock,
        review,
        createBundle: ({ header }) =>
          createNewFile(output ?? `signature-bundle-${header.serial}-${signer.fingerprint.slice(-8)}.jsonl`),
        advance,
        signal,
      },
      readLines(settings.request, requestLimits.line),
      { life, allowRollback, creator: `signpost ${version}` },
    );
  } finally {
    await signer.close();
  }
}

async function openSigner(source: KeySource, clock: Clock): Promise<Signer> {
  if (source.kind === 'gpg') {
    const { fingerprint, home } = source;
    return createGpgSigner(
      { fingerprint, timeout: gpgTimeout, ...(home === undefined ? {} : { home }) },
      clock,
    );
  }
  const { path, passphraseFile, ask } = source;
  const bytes = await readSmallFile(path, keyFileLimit);
  const passphrase = () => (passphraseFile === undefined ? ask() : readPassphrase(passphraseFile));
  return createFileSigner({ name: path, bytes }, passphrase, clock);
}
