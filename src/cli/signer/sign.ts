import type { Command } from 'commander';
import { isSignpostError } from '../../oci/errors.ts';
import type { SigningPlan } from '../../signer/plan-signing.ts';
import { createNewFile } from '../../adapters/files/new-file.ts';
import { readLines } from '../../adapters/files/read-lines.ts';
import { openSignerRecord } from '../../adapters/db/sqlite/signer-record.ts';
import { createSystemClock } from '../../adapters/time/system-clock.ts';
import { type SignDeps, signRequest } from '../../signer/sign-request.ts';
import { type SignResult } from '../../signer/sign-plan.ts';
import { requestLimits } from '../../trust/hand-off/signing-request.ts';
import { type CommonOptions, type Terminal, createVerb, printResult } from '../terminal/command.ts';
import { createCountLine } from '../terminal/count-line.ts';
import {
  type ClockOptions,
  addClockOption,
  describeClockWarnings,
  refuseClockDoubts,
} from './clock-doubts.ts';
import { parseDuration } from '../terminal/duration.ts';
import { describePlan, planToJson } from './describe-plan.ts';
import { confirm } from '../terminal/prompt.ts';
import {
  type SigningKeyOptions,
  addSigningKeyOptions,
  bundleKeySource,
  keySources,
  metadataKeyFiles,
  defaultRecord,
} from './signing-key-options.ts';
import { plural } from '../terminal/plural.ts';
import { formatTime } from '../../text/format-time.ts';
import { version } from '../terminal/version.ts';
import { type MetadataKeyFiles, openMetadataSigners } from './compose-metadata-signers.ts';
import { type SealKeySource, openSealSigner } from '../keys/seal-signer.ts';
import { type KeySource, openSigningKeys } from './compose-signing-keys.ts';

interface SignOptions extends CommonOptions, SigningKeyOptions, ClockOptions {
  readonly output?: string;
  readonly allowRollback?: boolean;
  readonly adoptRecord?: boolean;
  readonly dryRun?: boolean;
}

/** `signpost sign`: turns a signing request into a signature bundle. */
export function createCommand(terminal: Terminal): Command {
  const command = createVerb(
    'sign',
    'Sign a signing request, on an isolated machine. This needs no network, no configuration and no data folder.',
    [
      'signpost sign monday.request --key release.key',
      'signpost sign monday.request --gpg 0123456789ABCDEF0123456789ABCDEF01234567 --expires 180d',
      'signpost sign monday.request --key release.key --passphrase-file /run/secrets/release --yes --json',
      'signpost sign monday.request --key release.key --cosign-key cosign.pem',
      'signpost sign monday.request --key release.key --bundle-key bundle.pem',
    ],
  )
    .argument('<request>', 'file that "signpost request" wrote')
    .option('-o, --output <file>', 'bundle to write (default: signature-bundle-<serial>-<key>.bundle)');
  return addClockOption(addSigningKeyOptions(command))
    .option('--allow-rollback', 'sign a request even if this signer has already signed it, or a newer one')
    .option(
      '--adopt-record',
      'continue although this key has signed things that the record lacks, for example after a restore from a backup',
    )
    .option('--yes', 'do not ask for confirmation')
    .option('--dry-run', 'only show what would be signed')
    .action(async (request: string, options: SignOptions) => {
      await sign(terminal, request, options);
    });
}

async function sign(terminal: Terminal, request: string, options: SignOptions): Promise<void> {
  const life = parseDuration(options.expires, '--expires');
  const shown: { readonly plan: SigningPlan; readonly doubts: readonly string[] }[] = [];
  const review = async (plan: SigningPlan, doubts: readonly string[]) => {
    shown.push({ plan, doubts });
    if (options.dryRun === true) return false;
    const unattended = options.yes === true;
    if (!unattended || options.json !== true) {
      terminal.stderr.write(
        [...describePlan(plan, options.expires), ...describeClockWarnings(doubts)]
          .map((line) => `${line}\n`)
          .join(''),
      );
    }
    refuseClockDoubts(doubts, options);
    return unattended || confirm(terminal, 'Sign these?', 'add --yes to sign without asking');
  };
  try {
    const result = await composeSign({
      request,
      output: options.output,
      keys: keySources(terminal, options),
      metadataKeys: metadataKeyFiles(options),
      bundleKey: bundleKeySource(terminal, options),
      record: options.record,
      life,
      allowRollback: options.allowRollback === true,
      adoptRecord: options.adoptRecord === true,
      review,
      advance: createCountLine(terminal, 'signatures'),
      signal: terminal.signal,
    });
    const expires = formatTime(result.expires);
    const json = { file: result.path, signatures: result.signatures, expires, ...planToJson(result.plan) };
    printResult(terminal, options, json, [
      `${plural(result.signatures, 'signature')}, valid until ${expires}: ${result.path}`,
      `Carry it back to the origin: signpost accept ${result.path}`,
    ]);
  } catch (error) {
    const [seen] = shown;
    if (options.dryRun !== true || seen === undefined || !isSignpostError(error, 'CANCELLED')) throw error;
    const { plan, doubts } = seen;
    printResult(terminal, options, { ...planToJson(plan), clock: doubts }, [
      ...describePlan(plan, options.expires),
      ...describeClockWarnings(doubts),
      'Nothing was signed (--dry-run).',
    ]);
  }
}

interface SignSettings {
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

/** Signs the request in a file. Needs no configuration, no data folder and no network. */
async function composeSign(settings: SignSettings): Promise<SignResult> {
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
      sealer,
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
