import { z } from 'zod';
import { type Digest, isDigest } from '../../oci/digest.ts';
import { isTagName, type RepositoryName, type TagName } from '../../oci/reference.ts';
import type { PublishedBlob, PublishedManifest, PublishedTag } from '../../ports/publications.ts';
import { readPart } from './read-part.ts';

// Rows as arrays, since there may be hundreds of thousands of them: names of fields would be most of the bytes.
const digest = z.custom<Digest>(isDigest);
const tagName = z.custom<TagName>((value) => typeof value === 'string' && isTagName(value));
const count = z.int().min(0);
const mediaType = z.string().max(255);
const document = z.strictObject({
  tags: z.array(z.tuple([tagName, digest, count, count])),
  manifests: z.array(
    z.tuple([
      digest,
      mediaType,
      count,
      digest.nullable(),
      mediaType.nullable(),
      z.record(z.string(), z.string()).nullable(),
    ]),
  ),
  blobs: z.array(z.tuple([digest, count, count])),
});

/** All that one repository has published. */
export interface RepositoryContent {
  readonly tags: readonly PublishedTag[];
  readonly manifests: readonly PublishedManifest[];
  readonly blobs: readonly PublishedBlob[];
}

/** What one repository has published, as a piece of the snapshot. The same content gives the same bytes. */
export function formatRepositoryPart({ tags, manifests, blobs }: RepositoryContent): Uint8Array {
  const byDigest = (a: { digest: Digest }, b: { digest: Digest }) => (a.digest < b.digest ? -1 : 1);
  return Buffer.from(
    JSON.stringify({
      tags: tags
        .toSorted((a, b) => (a.tag < b.tag ? -1 : 1))
        .map((row) => [row.tag, row.list, row.requestSerial, row.expires]),
      manifests: manifests
        .toSorted(byDigest)
        .map((row) => [
          row.digest,
          row.mediaType,
          row.size,
          row.subject ?? null,
          row.artifactType ?? null,
          row.annotations ?? null,
        ]),
      blobs: blobs.toSorted(byDigest).map((row) => [row.digest, row.size, row.serial]),
    }),
  );
}

/**
 * The other way round. The bytes have been verified by their digest.
 * @throws SignpostError REQUEST_INVALID
 */
export function parseRepositoryPart(repository: RepositoryName, bytes: Uint8Array): RepositoryContent {
  const { tags, manifests, blobs } = readPart(document, bytes, `the content of ${repository}`);
  return {
    tags: tags.map(([tag, list, requestSerial, expires]) => ({
      repository,
      tag,
      list,
      requestSerial,
      expires,
    })),
    manifests: manifests.map(([own, type, size, subject, artifactType, annotations]) => ({
      repository,
      digest: own,
      mediaType: type,
      size,
      ...(subject === null ? {} : { subject }),
      ...(artifactType === null ? {} : { artifactType }),
      ...(annotations === null ? {} : { annotations }),
    })),
    blobs: blobs.map(([own, size, serial]) => ({ repository, digest: own, size, serial })),
  };
}
