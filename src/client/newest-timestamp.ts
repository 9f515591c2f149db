import { checkRole, refuseOlder } from '../trust/notary-v1/check-role.ts';
import type { NotaryRoot, NotarySigned, NotaryTimestamp } from '../trust/notary-v1/metadata.ts';
import { readNotaryFile } from '../trust/notary-v1/read-metadata.ts';
import type { CollectionFiles } from '../trust/notary-v1/verify-collection.ts';

/** No file of a collection has this name. */
const memoryName = 'newest-timestamp.json';

/** What is remembered of a collection: the files that held together, and a newer timestamp of which nothing else came. */
export interface CollectionMemory {
  readonly files: CollectionFiles;
  readonly timestamp: Uint8Array | undefined;
}

export function readMemory(remembered: CollectionFiles): CollectionMemory {
  const files = new Map([...remembered].filter(([name]) => name !== memoryName));
  return { files, timestamp: remembered.get(memoryName) };
}

/**
 * What has to be remembered of a timestamp before anything below it is fetched; undefined when it may not be, or need
 * not. `root` is trusted. A timestamp by keys that the root no longer has counts for nothing.
 * @throws SignpostError ROLLBACK when a newer one was seen
 */
export function rememberTimestamp(
  { files, timestamp: before }: CollectionMemory,
  root: NotaryRoot,
  { bytes, file }: { readonly bytes: Uint8Array; readonly file: NotarySigned<NotaryTimestamp> },
  now: number,
): CollectionFiles | undefined {
  const known = before === undefined ? undefined : readIfSigned(before, root);
  refuseOlder(known, file.signed, 'timestamp.json');
  const present = files.get('timestamp.json');
  const isKnown = [before, present].some((one) => one !== undefined && Buffer.from(one).equals(bytes));
  if (isKnown || Date.parse(file.signed.expires) <= now) return undefined;
  return new Map([...files, [memoryName, bytes]]);
}

function readIfSigned(bytes: Uint8Array, root: NotaryRoot): NotaryTimestamp | undefined {
  try {
    const file = readNotaryFile(bytes, 'Timestamp', 'the timestamp seen before');
    checkRole(root, 'timestamp', file, 'the timestamp seen before');
    return file.signed;
  } catch {
    return undefined;
  }
}
