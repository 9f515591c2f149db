import { createHash } from 'node:crypto';
import { parseDigest } from '../oci/digest.ts';
import { SignpostError } from '../oci/errors.ts';
import { waitForAll } from '../parallel/wait-for-all.ts';
import type { Clock } from '../ports/clock.ts';
import type { MetadataSigner, SignedFile } from '../ports/metadata-signing.ts';
import type { NewFile } from '../ports/new-file.ts';
import type { SealSigner } from '../ports/seal-signer.ts';
import type { SignerRecord } from '../ports/signer-record.ts';
import { formatTime } from '../text/format-time.ts';
import { describeRefusal } from '../trust/describe-refusal.ts';
import { type BundledSignature, createBundleFormatter } from '../trust/hand-off/signature-bundle.ts';
import { judgeSignature } from '../trust/judge-signature.ts';
import type { Statement } from '../trust/statement.ts';
import type { SigningPlan } from './plan-signing.ts';
import type { ReadRequest } from './read-request.ts';
import type { SigningKey } from './signing-key.ts';

export interface SignPlanDeps {
  /** One or more: everything is signed with each of them. */
  readonly keys: readonly SigningKey[];
  /** What signs files for whole repositories. */
  readonly metadata?: readonly MetadataSigner[] | undefined;
  /** Vouches for the bundle as a whole. */
  readonly sealer?: SealSigner | undefined;
  readonly record: SignerRecord;
  readonly clock: Clock;
  readonly createBundle: (plan: SigningPlan) => Promise<NewFile>;
  /** Told after each signature. */
  readonly advance: (done: number, all: number) => void;
  readonly signal: AbortSignal;
}

export interface SignPlanOptions {
  /** Milliseconds until the signatures expire. */
  readonly life: number;
  /** Goes into every signature, as the program that made it. */
  readonly creator: string;
}

export interface SignResult {
  readonly plan: SigningPlan;
  readonly path: string;
  readonly signatures: number;
  /** Milliseconds since the epoch. */
  readonly expires: number;
}

/**
 * Signs what was planned. On disk there is first the bundle under a provisional name, then the record, and then the
 * bundle: whoever is stopped in between can be finished, and nothing is ever answered twice.
 * @throws SignpostError CANCELLED, TRUST, STORAGE
 */
export async function signPlan(
  deps: SignPlanDeps,
  request: ReadRequest,
  plan: SigningPlan,
  options: SignPlanOptions,
): Promise<SignResult> {
  const bundle = await deps.createBundle(plan);
  try {
    const created = deps.clock.now();
    const expires = created + options.life;
    const { creator } = options;
    const hash = createHash('sha256');
    const write = async (line: string) => {
      hash.update(line);
      await bundle.write(line);
    };
    const { signatures, files } = await writeBundle(deps, write, request, plan, {
      created,
      expires,
      creator,
    });
    await bundle.settle();
    deps.record.add(
      plan.images.map(({ reference, list }) => ({
        reference,
        list,
        serial: plan.header.serial,
        signed: created,
      })),
      { request: request.request, bundle: parseDigest(`sha256:${hash.digest('hex')}`) },
      files,
    );
    await bundle.release();
    return { plan, path: bundle.path, signatures, expires };
  } finally {
    await bundle.discard();
  }
}

interface Validity {
  readonly created: number;
  readonly expires: number;
  readonly creator: string;
}

async function writeBundle(
  deps: SignPlanDeps,
  write: (line: string) => Promise<void>,
  { header, request }: ReadRequest,
  plan: SigningPlan,
  validity: Validity,
): Promise<{ readonly signatures: number; readonly files: readonly SignedFile[] }> {
  const formatter = createBundleFormatter();
  const all = plan.images.reduce((sum, { contents }) => sum + contents.length, 0) * deps.keys.length;
  let done = 0;
  await write(
    formatter.header({
      request,
      registry: header.registry,
      serial: header.serial,
      created: Math.floor(validity.created / 1000),
      expires: Math.floor(validity.expires / 1000),
      signers: deps.keys.map(({ signer: { format, fingerprint } }) => ({ format, fingerprint })),
    }),
  );
  for (const image of plan.images) {
    const { repository, tag, list, reference } = image;
    const signatures: BundledSignature[] = [];
    // Clients check the platform's manifest or the list: both are signed, for every tag (ARCHITECTURE.md).
    for (const { digest, mediaType, size } of image.contents) {
      const statement = { reference, digest, mediaType, size, serial: header.serial, ...validity };
      if (deps.signal.aborted) throw new SignpostError('CANCELLED', 'stopped: no bundle was written');
      const made = deps.keys.map(async (key) => {
        const signature = await signStatement(deps, key, statement);
        deps.advance((done += 1), all);
        return { format: key.signer.format, digest, signature };
      });
      signatures.push(...(await waitForAll(made)));
    }
    await write(formatter.image({ repository, tag, list, signatures }));
  }
  const files = await signFiles(deps, plan, validity);
  for (const file of files) await write(formatter.file(file));
  await write(formatter.end(await deps.sealer?.seal(formatter.message())));
  return { signatures: done, files };
}

async function signFiles(
  { metadata = [], record }: Pick<SignPlanDeps, 'metadata' | 'record'>,
  { header, images }: SigningPlan,
  { created }: Validity,
): Promise<readonly SignedFile[]> {
  if (metadata.length === 0) return [];
  const tags = images.map(({ repository, tag, list, contents }) => {
    return { repository, tag, list, size: contents.find(({ digest }) => digest === list)?.size ?? 0 };
  });
  const event = { registry: header.registry, tags, own: record.files(), now: created };
  const files: SignedFile[] = [];
  for (const signer of metadata) files.push(...(await signer.sign(event)));
  return files;
}

// A faulty signer (an old gpg, a broken card) must not surprise the other side of the air gap.
async function signStatement(
  { clock }: Pick<SignPlanDeps, 'clock'>,
  { signer, reader }: SigningKey,
  statement: Statement,
): Promise<Uint8Array> {
  const signature = await signer.sign(statement);
  const policy = { fingerprints: new Set([signer.fingerprint]), maximumValidity: Number.POSITIVE_INFINITY };
  const now = clock.now();
  const judgement = judgeSignature(reader.read(signature, now), policy, statement, now);
  const problem = judgement.accepted
    ? describeOtherLife(judgement.evidence.expires ?? 0, statement.expires)
    : describeRefusal(judgement.reason);
  if (problem === undefined) return signature;
  throw new SignpostError(
    'TRUST',
    `what ${signer.fingerprint} signed for ${statement.reference} cannot be verified again: ${problem}`,
  );
}

/** A signer with a clock of its own may be some seconds off. */
function describeOtherLife(found: number, wanted: number): string | undefined {
  if (Math.abs(found - wanted) < 60_000) return undefined;
  return `it expires on ${formatTime(found)}, not on ${formatTime(wanted)}`;
}
