import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  type AcceptedImage,
  type LookasideSignatures,
  placePublication,
} from '../../src/origin/accept/place-publication.ts';
import { checkBlobs } from '../../src/origin/accept/check-blobs.ts';
import { composeArtifacts } from '../../src/origin/accept/compose-artifacts.ts';
import type { MergedSignatures } from '../../src/origin/accept/merge-signatures.ts';
import { readStagedContent } from '../../src/origin/accept/staged-content.ts';
import { formatCosignEnvelope } from '../../src/trust/cosign/cosign-envelope.ts';
import { type Content, composeContent } from '../../src/cli/records/content.ts';
import { composeScrub } from '../../src/cli/origin/scrub.ts';
import { parseTaggedReference } from '../../src/oci/reference.ts';
import type { ImageSource } from '../../src/ports/image-source.ts';
import type { StagedImage } from '../../src/ports/staged-images.ts';
import { publishImage } from '../../src/origin/publish/publish-image.ts';
import { type PublishOptions } from '../../src/origin/publish/publish-options.ts';

export const silentProgress = { start: () => {}, advance: () => {}, finish: () => {} };

/** A data folder on disk with the real adapters: publish, place and scrub it. */
export interface DataFolder extends AsyncDisposable {
  readonly path: string;
  publish(source: ImageSource, target: string, options?: PublishOptions): ReturnType<typeof publishImage>;
  /** Publishes whatever is staged, under signatures that nobody checks: in the lookaside, or as `artifacts`. */
  placeStaged(options?: { readonly artifacts?: boolean }): Promise<{ readonly serial: number }>;
  scrub(options?: { readonly repair?: boolean }): ReturnType<typeof composeScrub>;
  staged(): Promise<readonly StagedImage[]>;
}

export async function createDataFolder(parent: string = tmpdir()): Promise<DataFolder> {
  const path = await mkdtemp(join(parent, 'signpost-data-'));
  return { ...openDataFolder(path), [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** A copy of a folder that nothing is writing to, hard links and all: quicker than publishing the same again. */
export async function copyDataFolder(of: DataFolder): Promise<DataFolder> {
  const copy = await createDataFolder();
  await promisify(execFile)('cp', ['-a', `${of.path}/.`, copy.path]);
  return copy;
}

/** The same for a folder that is there; disposing of it leaves it. */
export function openDataFolder(path: string): DataFolder {
  return {
    path,
    async publish(source, target, options) {
      await using content = await composeContent({ data: path }, 'test');
      const deps = { ...content, progress: silentProgress };
      return await publishImage(deps, source, parseTaggedReference(target), options);
    },
    async placeStaged({ artifacts = false } = {}) {
      await using content = await composeContent({ data: path }, 'test');
      const staged = [];
      for (const image of await content.stagedImages.list()) staged.push(await read(content, image));
      const { whole } = await checkBlobs({ ...content, treeReader: content.tree }, staged);
      const requestSerial = await content.stagedImages.nextRequestSerial();
      return await placePublication(
        { ...content, tree: content.treeWriter },
        {
          images: whole,
          requestSerial,
          lookaside: artifacts ? [] : whole.flatMap(signaturesOf),
          ...composeArtifacts(artifacts ? whole.flatMap(mergedFor) : [], requestSerial),
        },
      );
    },
    scrub: (options) => composeScrub({ data: path }, { ...options, progress: silentProgress }),
    async staged() {
      await using content = await composeContent({ data: path }, 'test');
      return await content.stagedImages.list();
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

async function read({ staging }: Content, image: StagedImage) {
  const content = await readStagedContent(staging, image.list);
  return { image, content, referrers: [], expires: 4_000_000_000_000 };
}

/** An attached signature and a bundle for everything that an image brings. */
function mergedFor({ image, content, expires }: AcceptedImage): readonly MergedSignatures[] {
  const { repository } = image;
  const subjects = [content.list, ...content.manifests].map(({ descriptor }) => descriptor);
  return subjects.flatMap((subject) => {
    const envelope = formatCosignEnvelope({
      payload: Buffer.from(subject.digest),
      signature: Buffer.from('signature'),
    });
    const common = { repository, subject, envelopes: [{ envelope, created: 0 }], expires, referrers: [] };
    return [
      { ...common, format: 'cosign' },
      { ...common, format: 'sigstore' },
    ] as const;
  });
}

/** Two signatures for everything that an image brings. */
function signaturesOf({ image, content }: AcceptedImage): readonly LookasideSignatures[] {
  const digests = [content.list, ...content.manifests].map(({ descriptor }) => descriptor.digest);
  return digests.map((digest) => ({
    repository: image.repository,
    digest,
    signatures: ['one', 'two'].map((text) => Buffer.from(`${text} ${digest}`)),
  }));
}
