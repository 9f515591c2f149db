import { allAtOnce } from '../../net/pieces.ts';
import { isSignpostError, SignpostError } from '../../oci/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Log } from '../../ports/log.ts';
import type { RepositoryName } from '../../oci/reference.ts';
import type { PublishedContent } from '../../ports/publications.ts';
import type { SealSigner } from '../../ports/seal-signer.ts';
import type { SnapshotPart, SnapshotStore } from '../../ports/snapshot-store.ts';
import { type SnapshotContents, formatContentsPart, parseContentsPart, partsOf } from './contents-part.ts';
import {
  type OriginSnapshot,
  describePart,
  formatSnapshot,
  openSnapshot,
  sealSnapshot,
  snapshotMessage,
} from './origin-snapshot.ts';
import { type RepositoryContent, formatRepositoryPart } from './repository-part.ts';

export interface OfferDeps {
  readonly content: Omit<PublishedContent, 'version'>;
  /** The piece with the mirrors, as they are now. */
  readonly mirrors: () => Promise<Uint8Array>;
  readonly store: SnapshotStore;
  readonly signer: SealSigner;
  readonly clock: Clock;
  readonly log: Log;
}

/** Front ends may be in the middle of fetching pieces of an older snapshot. */
const keptFor = 3_600_000;
const attempts = 5;

/**
 * Brings the snapshot that front ends fetch up to date. Only repositories that a publication has changed are read.
 * @returns the new one; undefined when nothing had changed
 * @throws SignpostError STORAGE, DENIED, UNAVAILABLE
 */
export async function offerSnapshot(deps: OfferDeps): Promise<OriginSnapshot | undefined> {
  const { store, clock } = deps;
  const before = await readOffered(deps);
  const { serial, contents } = await gather(deps, before?.contents ?? new Map());
  const mirrors = await keep(store, await deps.mirrors());
  const list = await keep(store, formatContentsPart(contents));
  const previous = before?.snapshot;
  const same = previous?.mirrors.digest === mirrors.digest && previous.contents.digest === list.digest;
  if (same && previous.serial === serial) return undefined;
  const created = clock.now();
  // Seconds, so that the sequence goes on rising after the folder was lost.
  const sequence = Math.max((previous?.sequence ?? 0) + 1, Math.floor(created / 1000));
  const snapshot = { sequence, created, serial, mirrors, contents: list };
  const body = formatSnapshot(snapshot);
  await store.writeSnapshot(sealSnapshot(body, await deps.signer.seal(snapshotMessage(body))));
  await store.tidy(partsOf(snapshot, contents), keptFor);
  return snapshot;
}

// What is there is our own, but on a disk: when it is damaged, everything is made anew.
async function readOffered({ store, signer, log }: OfferDeps) {
  try {
    const file = await store.readSnapshot();
    if (file === undefined) return undefined;
    const snapshot = openSnapshot(file, signer.key);
    const list = await store.readPart(snapshot.contents);
    return { snapshot, contents: list === undefined ? new Map() : allAtOnce(parseContentsPart(list)) };
  } catch (error) {
    if (!isSignpostError(error, 'TRUST') && !isSignpostError(error, 'REQUEST_INVALID')) throw error;
    log.warn('the snapshot for front ends cannot be read and is made anew', { error });
    return undefined;
  }
}

// A publication in the middle of reading would mix two states: then it is done again.
async function gather(
  { content, store }: OfferDeps,
  before: SnapshotContents,
): Promise<{ readonly serial: number; readonly contents: SnapshotContents }> {
  const known = new Map(before);
  for (let attempt = 1; ; attempt += 1) {
    const { serial, repositories } = await content.changes(0);
    for (const [repository, own] of repositories) {
      if (known.get(repository)?.serial === own) continue;
      const part = await keep(store, formatRepositoryPart(await readRepository(content, repository)));
      known.set(repository, { ...part, serial: own });
    }
    for (const repository of known.keys()) if (!repositories.has(repository)) known.delete(repository);
    if ((await content.changes(serial)).serial === serial) return { serial, contents: known };
    if (attempt === attempts) {
      throw new SignpostError(
        'UNAVAILABLE',
        'publications come faster than the snapshot for front ends is made: the old one stays until they are done',
      );
    }
  }
}

async function readRepository(
  content: OfferDeps['content'],
  repository: RepositoryName,
): Promise<RepositoryContent> {
  return {
    tags: await rowsOf(content.tags([repository])),
    manifests: await rowsOf(content.manifests([repository])),
    blobs: await rowsOf(content.blobs([repository])),
  };
}

async function rowsOf<T>(batches: AsyncIterable<readonly T[]>): Promise<readonly T[]> {
  const rows: T[] = [];
  for await (const batch of batches) rows.push(...batch);
  return rows;
}

async function keep(store: SnapshotStore, bytes: Uint8Array): Promise<SnapshotPart> {
  const part = describePart(bytes);
  await store.writePart(part, bytes);
  return part;
}
