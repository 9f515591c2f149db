import { createHash } from 'node:crypto';
import type { Descriptor } from '../oci/descriptor.ts';
import { type Digest, digestHex, digestOf, isDigest } from '../oci/digest.ts';
import { isSignpostError, SignpostError } from '../oci/errors.ts';
import { type ImageManifest, type Manifest, blobsOf, parseManifest } from '../oci/manifest.ts';
import { isListType } from '../oci/media-types.ts';
import { type Platform, formatPlatform, platformMatches } from '../oci/platform.ts';
import type { Clock } from '../ports/clock.ts';
import type { SourceManifest } from '../ports/image-source.ts';
import type { RemoteImage } from '../ports/remote-image.ts';
import type { SeenTags } from '../ports/seen-tags.ts';
import type { SignatureFormat } from '../trust/signature-format.ts';
import type { SeenTag } from '../trust/judge-signature.ts';
import type { AskedImage } from '../trust/verify/signed-name.ts';
import { type Step, allOf, failed, passed } from '../trust/verify/step.ts';
import type { ChainPolicy, FoundEnvelopes } from './chain-policy.ts';

export interface VerifyDeps {
  readonly image: RemoteImage;
  readonly policy: ChainPolicy;
  readonly clock: Clock;
  /** What was verified before; without it an older state cannot be told. */
  readonly seen?: SeenTags | undefined;
  readonly signal: AbortSignal;
}

export interface VerifyOptions {
  /** Only these; none stands for all that the list names. */
  readonly platforms: readonly Platform[];
  /** Whether blobs are read and hashed too. */
  readonly blobs: boolean;
}

/** What was verified, step by step; only where all of it holds does it say what that is. */
export interface Verification extends Step {
  /** Of the manifest or list that the name leads to. */
  readonly digest?: Digest;
  /** `<host>/<repository>@<digest>`: to pull this and nothing else. */
  readonly reference?: string;
}

/**
 * Walks from the name to the bytes: list, manifests, blobs, and the signatures of list and manifests. It ends at the
 * first step that fails; only when none does is the state remembered.
 * @throws SignpostError NOT_FOUND (no such image, no such platform), UNAVAILABLE, DENIED, CANCELLED, STORAGE
 */
export async function verifyChain(
  deps: VerifyDeps,
  asked: AskedImage,
  options: VerifyOptions,
): Promise<Verification> {
  const separator = isDigest(asked.reference) ? '@' : ':';
  const name = `${asked.host}/${asked.repository}${separator}${asked.reference}`;
  const seen = isDigest(asked.reference) ? undefined : await deps.seen?.find(name);
  const steps: Step[] = [];
  const finish = () => allOf(name, steps);

  const root = await readManifest('the manifest that the name leads to', () => deps.image.root());
  steps.push(root.step);
  if (root.content === undefined) return finish();
  const { digest, manifest } = root.content;
  const walk: Walk = { deps, asked, list: digest, seen };
  const judged = await judge(walk, root.content);
  steps.push(judged.step);
  if (!judged.step.ok) return finish();

  const done = new Set<Digest>();
  if (manifest.kind === 'image') {
    if (options.platforms.length > 0) {
      throw new SignpostError(
        'NOT_FOUND',
        `${name} is a single manifest: it names no platforms to choose from`,
      );
    }
    if (options.blobs) await pushBlobs(deps, manifest, done, steps);
  } else {
    for (const descriptor of choose(manifest.manifests, options.platforms, name)) {
      const step = await verifyManifest(walk, descriptor, options, done);
      steps.push(step);
      if (!step.ok) return finish();
    }
  }
  const result = finish();
  if (result.ok && deps.seen !== undefined && !isDigest(asked.reference) && judged.serial > 0) {
    await deps.seen.remember(name, { serial: judged.serial, digest });
  }
  return result.ok ? { ...result, digest, reference: `${asked.host}/${asked.repository}@${digest}` } : result;
}

interface Walk {
  readonly deps: VerifyDeps;
  readonly asked: AskedImage;
  readonly list: Digest;
  readonly seen: SeenTag | undefined;
}

interface ReadContent {
  readonly digest: Digest;
  readonly mediaType: string;
  /** In bytes. */
  readonly size: number;
  readonly manifest: Manifest;
}

async function verifyManifest(
  walk: Walk,
  descriptor: Descriptor,
  { blobs }: VerifyOptions,
  done: Set<Digest>,
): Promise<Step> {
  const { platform, digest } = descriptor;
  const name = `manifest ${platform === undefined ? 'without platform' : formatPlatform(platform)}`;
  // Signpost publishes no lists in lists, and no client needs them.
  if (isListType(descriptor.mediaType))
    return failed(name, 'nested-list', `${digest} is a list inside a list`);
  const read = await readManifest(
    `bytes of ${digest}`,
    () => walk.deps.image.manifest(descriptor),
    descriptor,
  );
  if (read.content === undefined) return allOf(name, [read.step]);
  const steps = [read.step, (await judge(walk, read.content)).step];
  if (blobs && steps.every(({ ok }) => ok) && read.content.manifest.kind === 'image') {
    await pushBlobs(walk.deps, read.content.manifest, done, steps);
  }
  return allOf(name, steps);
}

async function readManifest(
  name: string,
  read: () => Promise<SourceManifest>,
  expected?: Descriptor,
): Promise<{ readonly step: Step; readonly content?: ReadContent }> {
  try {
    const { bytes, mediaType } = await read();
    const digest = digestOf(bytes);
    if (expected !== undefined && (digest !== expected.digest || bytes.length !== expected.size)) {
      const detail = `what came has ${bytes.length} bytes and digest ${digest}; the list says ${expected.size} and ${expected.digest}`;
      return { step: failed(name, 'wrong-bytes', detail) };
    }
    const manifest = parseManifest(bytes, expected?.mediaType ?? mediaType);
    const kind = manifest.kind === 'list' ? `list of ${manifest.manifests.length}` : 'manifest';
    return {
      step: passed(name, `${digest}, ${kind}, ${bytes.length} bytes`),
      content: { digest, mediaType: manifest.mediaType, size: bytes.length, manifest },
    };
  } catch (error) {
    // A name that leads nowhere is no lie; a list that names what is not there is.
    if (expected !== undefined && isSignpostError(error, 'NOT_FOUND')) {
      return {
        step: failed(name, 'missing-manifest', 'the list names it, and the registry does not have it'),
      };
    }
    return { step: failed(name, 'wrong-bytes', describeLie(error)) };
  }
}

async function judge({ deps, asked, list, seen }: Walk, content: ReadContent) {
  const envelopes = new Map<SignatureFormat, FoundEnvelopes>();
  for (const format of deps.policy.formats) {
    envelopes.set(format, await findEnvelopes(deps.image, format, content.digest));
  }
  const { digest, mediaType, size } = content;
  const judged = await deps.policy.judge(
    { asked, content: { digest, mediaType, size }, list, envelopes, ...(seen === undefined ? {} : { seen }) },
    deps.clock.now(),
  );
  return { step: allOf(`signatures of ${digest}`, [judged.step]), serial: judged.serial };
}

async function findEnvelopes(
  image: RemoteImage,
  format: SignatureFormat,
  digest: Digest,
): Promise<FoundEnvelopes> {
  try {
    return await image.envelopes(format, digest);
  } catch (error) {
    return { wrong: describeLie(error) };
  }
}

async function pushBlobs(deps: VerifyDeps, manifest: ImageManifest, done: Set<Digest>, steps: Step[]) {
  for (const blob of blobsOf(manifest)) {
    if (done.has(blob.digest)) continue;
    const step = await verifyBlob(deps, blob);
    steps.push(step);
    if (!step.ok) return;
    done.add(blob.digest);
  }
}

async function verifyBlob({ image, signal }: VerifyDeps, blob: Descriptor): Promise<Step> {
  const name = `blob ${blob.digest}`;
  try {
    const hash = createHash('sha256');
    let size = 0;
    for await (const piece of await image.blob(blob, 0, signal)) {
      hash.update(piece);
      size += piece.length;
    }
    const hex = hash.digest('hex');
    return hex === digestHex(blob.digest) && size === blob.size
      ? passed(name, `${size} bytes`)
      : failed(name, 'wrong-bytes', `what came has ${size} bytes and digest sha256:${hex}`);
  } catch (error) {
    if (isSignpostError(error, 'NOT_FOUND')) return failed(name, 'missing-blob', error.message);
    return failed(name, 'wrong-bytes', describeLie(error));
  }
}

function choose(
  manifests: readonly Descriptor[],
  platforms: readonly Platform[],
  name: string,
): readonly Descriptor[] {
  if (platforms.length === 0) return manifests;
  return platforms.map((wanted) => {
    const found = manifests.find(
      ({ platform }) => platform !== undefined && platformMatches(wanted, platform),
    );
    if (found !== undefined) return found;
    throw new SignpostError('NOT_FOUND', `${name} has no ${formatPlatform(wanted)}`);
  });
}

/** What the registry gave wrong. That it cannot be reached, or will not, is no answer to judge: that is thrown. */
function describeLie(error: unknown): string {
  const lies = ['SOURCE_INVALID', 'MANIFEST_INVALID', 'LIMIT_EXCEEDED', 'DIGEST_MISMATCH'] as const;
  if (isSignpostError(error) && lies.some((code) => code === error.code)) return error.message;
  throw error;
}
