import type { Digest } from '../../src/oci/digest.ts';
import type { RepositoryName } from '../../src/oci/reference.ts';
import type {
  Publications,
  PublishedBlob,
  PublishedContent,
  PublishedManifest,
  PublishedTag,
} from '../../src/ports/publications.ts';
import type { IssuedRequests } from '../../src/ports/issued-requests.ts';
import type { Serials } from '../../src/ports/serials.ts';
import type { StagedImage, StagedImages } from '../../src/ports/staged-images.ts';

export interface MemoryPublications {
  readonly publications: Publications;
  readonly content: PublishedContent;
  readonly stagedImages: StagedImages;
  readonly issuedRequests: IssuedRequests;
  readonly serials: Serials;
}

/** What the database of the origin holds, in memory: publications, their read side, and the staged images. */
export function createMemoryPublications(): MemoryPublications {
  const tags = new Map<string, PublishedTag>();
  const manifests = new Map<string, PublishedManifest>();
  const blobs = new Map<string, PublishedBlob>();
  const staged = new Map<string, StagedImage>();
  const repositories = new Map<RepositoryName, number>();
  const issued = new Map<number, Digest>();
  let serial = 0;
  let requestSerial = 0;
  let version = 0;

  const publications: Publications = {
    async publish(publication) {
      serial++;
      version++;
      for (const blob of publication.blobs) {
        const key = `${blob.repository}@${blob.digest}`;
        if (!blobs.has(key)) blobs.set(key, { ...blob, serial });
        repositories.set(blob.repository, serial);
      }
      for (const manifest of publication.manifests) {
        manifests.set(`${manifest.repository}@${manifest.digest}`, manifest);
        repositories.set(manifest.repository, serial);
      }
      for (const { repository, digest } of publication.retired ?? []) {
        manifests.delete(`${repository}@${digest}`);
        repositories.set(repository, serial);
      }
      for (const tag of publication.tags) {
        const key = `${tag.repository}:${tag.tag}`;
        tags.set(key, tag);
        repositories.set(tag.repository, serial);
        if (staged.get(key)?.list === tag.list) staged.delete(key);
      }
      return serial;
    },
    findTag: async (repository, tag) => tags.get(`${repository}:${tag}`),
    findBlob: async (digest, repository) =>
      [...blobs.values()].find(
        (blob) => blob.digest === digest && (repository === undefined || blob.repository === repository),
      ),
    findReferrers: async (repository, subject, artifactType) =>
      [...manifests.values()]
        .filter((manifest) => manifest.repository === repository && manifest.subject === subject)
        .filter((manifest) => manifest.artifactType === artifactType)
        .map(({ digest }) => digest)
        .sort(),
    serials: async () => ({ serial, repositories: new Map(repositories) }),
  };
  return {
    publications,
    content: {
      version: async () => version,
      changes: async (since) => ({
        serial,
        repositories: new Map([...repositories].filter(([, changed]) => changed > since)),
      }),
      tags: (names) => inBatches(tags.values(), names),
      manifests: (names) => inBatches(manifests.values(), names),
      blobs: (names) => inBatches(blobs.values(), names),
    },
    issuedRequests: {
      add: async (number, request) => void issued.set(number, request),
      find: async (number) => issued.get(number),
    },
    serials: {
      given: async () => ({
        publication: serial,
        request: Math.max(
          requestSerial,
          ...issued.keys(),
          ...[...tags.values()].map((tag) => tag.requestSerial),
        ),
      }),
      async moveOn(past, names) {
        version++;
        serial = Math.max(serial, past.publication);
        requestSerial = Math.max(requestSerial, past.request);
        for (const name of names)
          repositories.set(name, Math.max(repositories.get(name) ?? 0, past.publication));
      },
    },
    stagedImages: {
      list: async () => [...staged].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, image]) => image),
      async put(image) {
        staged.set(`${image.repository}:${image.tag}`, image);
        version++;
      },
      async remove(repository, tag) {
        if (staged.delete(`${repository}:${tag}`)) version++;
      },
      nextRequestSerial: async () => ++requestSerial,
    },
  };
}

async function* inBatches<T extends { readonly repository: RepositoryName }>(
  rows: Iterable<T>,
  names: readonly RepositoryName[] | undefined,
): AsyncIterable<readonly T[]> {
  const all = [...rows].filter(({ repository }) => names === undefined || names.includes(repository));
  for (let at = 0; at < all.length; at += 1000) yield all.slice(at, at + 1000);
}
