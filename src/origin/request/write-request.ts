import { createHash } from 'node:crypto';
import { parseDigest } from '../../oci/digest.ts';
import { SignpostError } from '../../oci/errors.ts';
import { parseManifest } from '../../oci/manifest.ts';
import type { RegistryHost, RepositoryName, TaggedReference } from '../../oci/reference.ts';
import type { Clock } from '../../ports/clock.ts';
import type { IssuedRequests } from '../../ports/issued-requests.ts';
import type { NewFile } from '../../ports/new-file.ts';
import type { SealSigner } from '../../ports/seal-signer.ts';
import type { StagedImage, StagedImages } from '../../ports/staged-images.ts';
import type { Staging } from '../../ports/staging.ts';
import { type RequestedImage, createRequestFormatter } from '../../trust/hand-off/signing-request.ts';

export interface RequestDeps {
  readonly registry: RegistryHost;
  readonly stagedImages: StagedImages;
  readonly issuedRequests: Pick<IssuedRequests, 'add'>;
  readonly staging: Staging;
  readonly clock: Clock;
  /** 32 hexadecimal digits that were never given before. */
  readonly nonce: () => string;
  readonly createFile: (serial: number) => Promise<NewFile>;
  /** The simple signatures that are published for the list that a tag names now. */
  readonly findPublished?: (target: TaggedReference) => Promise<readonly Uint8Array[]>;
  /** Vouches for the request, so that the signer knows who asks. */
  readonly requester?: SealSigner | undefined;
}

export interface WrittenRequest {
  readonly path: string;
  readonly serial: number;
  readonly images: readonly StagedImage[];
}

/**
 * Writes everything that waits for a signature, or what `wanted` chooses of it, into one file. The caller holds the
 * content lock.
 * @throws SignpostError NOT_FOUND when nothing waits, DIGEST_MISMATCH, STORAGE
 */
export async function writeRequest(
  deps: RequestDeps,
  wanted: (repository: RepositoryName) => boolean,
): Promise<WrittenRequest> {
  const images = (await deps.stagedImages.list()).filter(({ repository }) => wanted(repository));
  if (images.length === 0) {
    throw new SignpostError('NOT_FOUND', 'nothing waits for a signature: publish an image first');
  }
  const serial = await deps.stagedImages.nextRequestSerial();
  const file = await deps.createFile(serial);
  try {
    const formatter = createRequestFormatter();
    const created = Math.floor(deps.clock.now() / 1000);
    const hash = createHash('sha256');
    const write = async (line: string) => {
      hash.update(line);
      await file.write(line);
    };
    await write(formatter.header({ registry: deps.registry, serial, created, nonce: deps.nonce() }));
    for (const image of images) await write(formatter.image(await readImage(deps, image)));
    await write(formatter.end(await deps.requester?.seal(formatter.message())));
    // Before the file is there: what left is never unknown to accept.
    await deps.issuedRequests.add(serial, parseDigest(`sha256:${hash.digest('hex')}`));
    await file.release();
  } finally {
    await file.discard();
  }
  return { path: file.path, serial, images };
}

async function readImage(
  { staging, findPublished }: RequestDeps,
  { repository, tag, list: digest }: StagedImage,
): Promise<RequestedImage> {
  const bytes = await staging.readManifest(digest);
  const list = parseManifest(bytes);
  if (list.kind !== 'list') {
    throw new SignpostError('STORAGE', `${repository}:${tag} is staged as ${digest}, which is not a list`);
  }
  const named = new Map(list.manifests.map((descriptor) => [descriptor.digest, descriptor]));
  const manifests = [];
  for (const { digest: manifest, mediaType } of named.values()) {
    manifests.push({ mediaType, bytes: await staging.readManifest(manifest) });
  }
  const published = (await findPublished?.({ repository, tag })) ?? [];
  return { repository, tag, published, list: { mediaType: list.mediaType, bytes }, manifests };
}
