import { z } from 'zod';
import type { Digest } from '../../oci/digest.ts';
import { isRepositoryName, type RepositoryName } from '../../oci/reference.ts';
import type { SnapshotPart } from '../../ports/snapshot-store.ts';
import { type OriginSnapshot, partSchema } from './origin-snapshot.ts';
import { readPart } from './read-part.ts';

/** The piece of each repository, and the publication that changed it last. */
export type SnapshotContents = ReadonlyMap<RepositoryName, SnapshotPart & { readonly serial: number }>;

const document = z.record(
  z.custom<RepositoryName>((value) => typeof value === 'string' && isRepositoryName(value)),
  partSchema.extend({ serial: z.int().min(0) }),
);

export function formatContentsPart(contents: SnapshotContents): Uint8Array {
  const sorted = [...contents].sort(([a], [b]) => (a < b ? -1 : 1));
  return Buffer.from(JSON.stringify(Object.fromEntries(sorted)));
}

/** @throws SignpostError REQUEST_INVALID */
export function parseContentsPart(bytes: Uint8Array): SnapshotContents {
  const entries = Object.entries(readPart(document, bytes, 'the contents of the snapshot'));
  return new Map(entries as [RepositoryName, SnapshotPart & { serial: number }][]);
}

/** The digests of every piece of a snapshot. */
export function partsOf(snapshot: OriginSnapshot, contents: SnapshotContents): ReadonlySet<Digest> {
  return new Set([
    snapshot.mirrors.digest,
    snapshot.contents.digest,
    ...[...contents.values()].map(({ digest }) => digest),
  ]);
}
