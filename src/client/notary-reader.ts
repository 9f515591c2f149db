import { parseDigest, quote } from '../oci/digest.ts';
import { SignpostError } from '../oci/errors.ts';
import { isTagName } from '../oci/reference.ts';
import type { RemoteMetadata } from '../ports/remote-metadata.ts';
import type { SeenMetadata } from '../ports/seen-metadata.ts';
import { metadataPath } from '../trust/metadata-path.ts';
import { checkRole } from '../trust/notary-v1/check-role.ts';
import {
  type NotaryFileMeta,
  type NotaryRoot,
  type NotarySigned,
  type NotaryTimestamp,
  notaryFileLimit,
  releasesRole,
} from '../trust/notary-v1/metadata.ts';
import { type Collection, consistentName, notaryPath } from '../trust/notary-v1/names.ts';
import { readNotaryFile } from '../trust/notary-v1/read-metadata.ts';
import { describeRootPin, gunOf, judgeRootPin } from '../trust/notary-v1/root-pin.ts';
import {
  type CollectionFiles,
  type CollectionRoles,
  walkCollection,
} from '../trust/notary-v1/verify-collection.ts';
import type { MetadataEvidence, NamedTag } from '../trust/verify/metadata-evidence.ts';
import { type Step, failed, passed } from '../trust/verify/step.ts';
import { type MetadataReader, recall, stepOfError, stepOfRole } from './metadata-reader.ts';
import { readMemory, rememberTimestamp } from './newest-timestamp.ts';

export interface NotaryReaderDeps {
  readonly remote: RemoteMetadata;
  /** SHA-256 of the DER of the root certificates that are trusted, in lower-case hexadecimal. */
  readonly certificates: ReadonlySet<string>;
  /** Without it an older state cannot be told. */
  readonly seen?: SeenMetadata | undefined;
}

/** How many roots between the one seen last and the newest are fetched at most, and how long each may be, in bytes. */
const rotationsLimit = 64;
const rootLimit = 512 * 1024;

/** A client of Notary v1 that takes a root by its certificate alone, never because it is the first one that it sees. */
export function createNotaryReader(deps: NotaryReaderDeps): MetadataReader {
  return {
    async read(collection, now) {
      const name = `notary ${gunOf(collection)}`;
      const memory = readMemory((await deps.seen?.find(name)) ?? new Map<string, Uint8Array>());
      const seen = memory.files;
      if (seen.size > 0) recall(name, () => walkCollection(new Map(), seen));
      const title = `collection ${gunOf(collection)}`;
      try {
        const files = await fetchCollection(deps.remote, collection, seen, async (rootFile, timestamp) => {
          const pinned = judgeRootPin(rootFile, collection, deps.certificates, now) === 'pinned';
          const kept = pinned ? rememberTimestamp(memory, rootFile.signed, timestamp, now) : undefined;
          if (kept !== undefined) await deps.seen?.remember(name, kept);
        });
        const { roles, rootFile, used } = walkCollection(seen, files);
        const pin = judgeRootPin(rootFile, collection, deps.certificates, now);
        const evidence = judgeRoles(roles, pin, collection, now);
        if (evidence.steps.every(({ ok }) => ok)) {
          await deps.seen?.remember(name, new Map([...files].filter(([file]) => used.has(file))));
        }
        return evidence;
      } catch (error) {
        return { steps: [stepOfError(title, error)], tags: [] };
      }
    },
  };
}

function judgeRoles(
  roles: CollectionRoles,
  pin: ReturnType<typeof judgeRootPin>,
  collection: Collection,
  now: number,
): MetadataEvidence {
  const steps: Step[] = [
    pin === 'pinned'
      ? passed('root certificate', `for ${gunOf(collection)}`)
      : failed('root certificate', pin, describeRootPin(pin, collection)),
  ];
  for (const [role, metadata] of Object.entries(roles)) {
    if (steps.at(-1)?.ok !== true) break;
    steps.push(stepOfRole(`${role === 'releases' ? releasesRole : role} role`, metadata, now));
  }
  return { steps, tags: steps.at(-1)?.ok === true ? readTags(roles, collection) : [] };
}

function readTags({ releases }: CollectionRoles, collection: Collection): readonly NamedTag[] {
  return Object.entries(releases.targets).map(([tag, { length, hashes }]) => {
    if (!isTagName(tag)) throw new SignpostError('TRUST', `${quote(tag)} cannot be a tag`);
    const hex = Buffer.from(hashes.sha256, 'base64').toString('hex');
    return { reference: `${gunOf(collection)}:${tag}`, digest: parseDigest(`sha256:${hex}`), size: length };
  });
}

/**
 * The files that a client needs that has `seen`. They are verified together afterwards, so they are few, and each is
 * limited.
 */
async function fetchCollection(
  remote: RemoteMetadata,
  collection: Collection,
  seen: CollectionFiles,
  onTimestamp: (
    root: NotarySigned<NotaryRoot>,
    timestamp: { readonly bytes: Uint8Array; readonly file: NotarySigned<NotaryTimestamp> },
  ) => Promise<void>,
): Promise<CollectionFiles> {
  const files = new Map<string, Uint8Array>();
  const take = async (file: string, limit = notaryFileLimit) => {
    const path = metadataPath('notary', notaryPath(collection, file));
    const bytes = await remote.read(path, Math.min(limit, notaryFileLimit));
    if (bytes === undefined) throw new SignpostError('NOT_FOUND', `the registry has no /${path}`);
    files.set(file, bytes);
    return bytes;
  };
  const takeNamed = (role: string, meta: NotaryFileMeta | undefined, above: string) => {
    if (meta === undefined) throw new SignpostError('TRUST', `${above} does not name ${role}`);
    const hex = Buffer.from(meta.hashes.sha256, 'base64').toString('hex');
    return take(`${role}.${hex}.json`, meta.length);
  };
  const timestampBytes = await take('timestamp.json');
  const root = await take('root.json', rootLimit);
  const rootFile = readNotaryFile(root, 'Root', 'root.json');
  const newest = rootFile.signed;
  const timestamp = readNotaryFile(timestampBytes, 'Timestamp', 'timestamp.json');
  // A timestamp that is made up would lead to files that are nowhere: that is to be told from one that is held back.
  checkRole(newest, 'timestamp', timestamp, 'timestamp.json');
  // A root that is newer than the one seen last is verified with all the rest, by way of those between.
  const before = seen.get('root.json');
  if (before === undefined || Buffer.from(before).equals(root)) {
    await onTimestamp(rootFile, { bytes: timestampBytes, file: timestamp });
  }
  const snapshot = await takeNamed('snapshot', timestamp.signed.meta.snapshot, 'timestamp.json');
  const named = readNotaryFile(snapshot, 'Snapshot', 'the snapshot').signed.meta;
  for (const role of ['targets', releasesRole]) await takeNamed(role, named[role], 'the snapshot');

  // The same file under its other names, which need not be asked for.
  const { version } = newest;
  files.set(`${version}.root.json`, root);
  files.set(consistentName('root', root), root);
  const first = before === undefined ? version : readNotaryFile(before, 'Root', 'root.json').signed.version;
  if (version - first > rotationsLimit) {
    throw new SignpostError('LIMIT_EXCEEDED', `there are more than ${rotationsLimit} roots to follow`);
  }
  for (let at = first + 1; at < version; at += 1) await take(`${at}.root.json`, rootLimit);
  return files;
}
