import { type SigningKey } from './signing-key.ts';
import { createHash } from 'node:crypto';
import { parseDigest } from '../oci/digest.ts';
import { SignpostError } from '../oci/errors.ts';
import type { Clock } from '../ports/clock.ts';
import type { MetadataSigner, SignedFile } from '../ports/metadata-signing.ts';
import type { NewFile } from '../ports/new-file.ts';
import type { SealSigner } from '../ports/seal-signer.ts';
import type { SignerRecord } from '../ports/signer-record.ts';
import { describeClockDoubts, usualRequestAge } from '../trust/compare-clocks.ts';
import { describeRefusal } from '../trust/describe-refusal.ts';
import { judgeSignature } from '../trust/judge-signature.ts';
import { type BundledSignature, createBundleFormatter } from '../trust/hand-off/signature-bundle.ts';
import type { Statement } from '../trust/statement.ts';
import { findForgotten, refuseForgotten } from './find-forgotten.ts';
import { type SigningPlan, planSigning, refuseJump, refuseRollback } from './plan-signing.ts';
import { type ReadRequest, readRequest } from './read-request.ts';
import { waitForAll } from '../parallel/wait-for-all.ts';
import { formatTime } from '../text/format-time.ts';

export interface SignDeps {
  /** One or more: everything is signed with each of them. */
  readonly keys: readonly SigningKey[];
  /** What signs files for whole repositories. */
  readonly metadata?: readonly MetadataSigner[];
  /** Vouches for the bundle as a whole. */
  readonly sealer?: SealSigner | undefined;
  readonly record: SignerRecord;
  readonly clock: Clock;
  /** Shows a person what would be signed, and why the clocks do not fit together. False ends the work. */
  readonly review: (plan: SigningPlan, clockDoubts: readonly string[]) => Promise<boolean>;
  readonly createBundle: (plan: SigningPlan) => Promise<NewFile>;
  /** Told after each signature. */
  readonly advance: (done: number, all: number) => void;
  readonly signal: AbortSignal;
}

export interface SignOptions {
  /** Milliseconds until the signatures expire. */
  readonly life: number;
  readonly allowRollback: boolean;
  /** Goes on although the record does not know of what this signer signed: it is an old copy. */
  readonly adoptRecord: boolean;
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
 * Turns a signing request into a signature bundle. Nothing of the request is believed but its bytes. The signer's
 * record is on disk before the bundle appears, so that what left is never unknown to it.
 * @throws SignpostError REQUEST_INVALID, MANIFEST_INVALID, LIMIT_EXCEEDED, ROLLBACK, CANCELLED, TRUST, STORAGE
 */
export async function signRequest(
  deps: SignDeps,
  lines: AsyncIterable<Uint8Array>,
  options: SignOptions,
): Promise<SignResult> {
  const request = await readRequest(lines);
  const plan = planSigning(request, deps.record);
  if (!options.allowRollback) refuseRollback(plan);
  refuseJump(plan);
  const now = deps.clock.now();
  if (!options.adoptRecord) refuseForgotten(findForgotten(request, deps.keys, deps.record, now));
  const doubts = describeClockDoubts(plan, usualRequestAge, now);
  if (!(await deps.review(plan, doubts))) throw new SignpostError('CANCELLED', 'nothing was signed');
  return signPlan(deps, request, plan, options);
}

/**
 * Signs what was planned. On disk there is first the bundle under a provisional name, then the record, and then the
 * bundle: whoever is stopped in between can be finished, and nothing is ever answered twice.
 * @throws SignpostError CANCELLED, TRUST, STORAGE
 */
export async function signPlan(
  deps: Omit<SignDeps, 'review'>,
  request: ReadRequest,
  plan: SigningPlan,
  options: Omit<SignOptions, 'allowRollback' | 'adoptRecord'>,
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
  deps: Omit<SignDeps, 'review'>,
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
  { metadata = [], record }: Pick<SignDeps, 'metadata' | 'record'>,
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
  { clock }: Pick<SignDeps, 'clock'>,
  { signer, reader }: SigningKey,
  statement: Statement,
): Promise<Uint8Array> {
  const signature = await signer.sign(statement);
  const policy = { fingerprints: new Set([signer.fingerprint]), maximumLife: Number.POSITIVE_INFINITY };
  const now = clock.now();
  const judgement = judgeSignature(reader.read(signature, now), policy, statement, now);
  const problem = judgement.accepted
    ? describeOtherLife(judgement.expires, statement.expires)
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
