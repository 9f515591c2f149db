import type { Digest } from '../oci/digest.ts';
import { SignpostError } from '../oci/errors.ts';
import type { Clock } from '../ports/clock.ts';
import type { NewFile } from '../ports/new-file.ts';
import type { SignerRecord } from '../ports/signer-record.ts';
import type { SignatureReader, Signer } from '../ports/signing.ts';
import { createBundleFormatter } from '../trust/signature-bundle.ts';
import { formatSimpleSigning } from '../trust/simple-signing.ts';
import { type PlannedImage, type SigningPlan, planSigning, refuseRollback } from './plan-signing.ts';
import { type ReadRequest, readRequest } from './read-request.ts';

export interface SignDeps {
  readonly signer: Signer;
  /** Knows the signer's own public key: every signature is read again before it leaves. */
  readonly reader: SignatureReader;
  readonly record: SignerRecord;
  readonly clock: Clock;
  /** Shows a person what would be signed. False ends the work. */
  readonly review: (plan: SigningPlan) => Promise<boolean>;
  readonly createBundle: (plan: SigningPlan) => Promise<NewFile>;
  /** Told after each signature. */
  readonly advance: (done: number, all: number) => void;
  readonly signal: AbortSignal;
}

export interface SignOptions {
  /** Milliseconds until the signatures expire. */
  readonly life: number;
  readonly allowRollback: boolean;
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
  if (!(await deps.review(plan))) throw new SignpostError('CANCELLED', 'nothing was signed');
  const bundle = await deps.createBundle(plan);
  try {
    const created = deps.clock.now();
    const expires = created + options.life;
    const signatures = await writeBundle(deps, bundle, request, plan, { created, expires, ...options });
    deps.record.add(
      plan.images.map(({ reference, list }) => ({
        reference,
        list,
        serial: plan.header.serial,
        signed: created,
      })),
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
  deps: SignDeps,
  bundle: NewFile,
  { header, request }: ReadRequest,
  plan: SigningPlan,
  validity: Validity,
): Promise<number> {
  const formatter = createBundleFormatter();
  const all = plan.images.reduce((sum, { manifests }) => sum + 1 + manifests.length, 0);
  let done = 0;
  await bundle.write(
    formatter.header({
      request,
      registry: header.registry,
      serial: header.serial,
      created: Math.floor(validity.created / 1000),
      expires: Math.floor(validity.expires / 1000),
      signer: deps.signer.fingerprint,
    }),
  );
  for (const image of plan.images) {
    const signatures = [];
    // Clients check the platform's manifest or the list: both are signed, for every tag (signatures.md).
    for (const digest of [image.list, ...image.manifests]) {
      if (deps.signal.aborted) throw new SignpostError('CANCELLED', 'stopped: no bundle was written');
      signatures.push({ digest, signature: await signDigest(deps, image, digest, header.serial, validity) });
      deps.advance((done += 1), all);
    }
    const { repository, tag, list } = image;
    await bundle.write(formatter.image({ repository, tag, list, signatures }));
  }
  await bundle.write(formatter.end());
  return done;
}

async function signDigest(
  { signer, reader }: SignDeps,
  { reference }: PlannedImage,
  digest: Digest,
  serial: number,
  { created, expires, creator }: Validity,
): Promise<Uint8Array> {
  const timestamp = Math.floor(created / 1000);
  const payload = formatSimpleSigning({ reference, digest, creator, timestamp, serial });
  const signature = await signer.sign(payload, created, expires);
  // A faulty signer (an old gpg, a broken card) must not surprise the other side of the air gap.
  const evidence = await reader.read(signature);
  const good =
    evidence.kind === 'signed' &&
    evidence.fingerprint === signer.fingerprint &&
    Buffer.from(evidence.payload).equals(payload) &&
    evidence.expires !== undefined &&
    Math.abs(evidence.expires - expires) < 60_000;
  if (good) return signature;
  throw new SignpostError(
    'TRUST',
    `what ${signer.fingerprint} signed for ${reference} cannot be verified again` +
      (evidence.kind === 'forged' || evidence.kind === 'unusable-key' ? `: ${evidence.reason}` : ''),
  );
}
