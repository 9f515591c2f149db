import { SignpostError } from '../oci/errors.ts';
import type { Root } from '../trust/tuf/metadata.ts';
import type { Signed } from '../trust/tuf/signed-file.ts';
import { readMetadata } from '../trust/tuf/read-metadata.ts';
import {
  type TrustedMetadata,
  recallSnapshot,
  trustRoot,
  updateRoot,
  updateTimestamp,
  withRoot,
} from '../trust/tuf/trusted-metadata.ts';
import { recall } from './metadata-reader.ts';

export interface RootsDeps {
  /** The root that is at hand. */
  readonly root: Uint8Array;
  readonly fetch: (version: number) => Promise<Uint8Array | undefined>;
  /** What was verified before. */
  readonly remembered: ReadonlyMap<string, Uint8Array>;
  /** Of the memory, for messages. */
  readonly name: string;
}

/** How many roots are followed at most: each is fetched and verified before the next one is asked for. */
const rotationsLimit = 256;

/**
 * TUF 1.0, 5.3: from the root that is at hand to the newest, by way of the one that was seen last, with what was seen under
 * that one. `keep` is given each root that has come and is newer than that.
 */
export async function followRoots(
  { root, fetch, remembered, name }: RootsDeps,
  keep: (trusted: TrustedMetadata, bytes: Uint8Array) => Promise<void>,
): Promise<{ readonly trusted: TrustedMetadata; readonly bytes: Uint8Array }> {
  let bytes = root;
  let trusted = trustRoot(root);
  const before = remembered.get('root.json');
  const last = before && recall(name, () => readMetadata(before, 'root', 'the root seen before'));
  const isNewer = () => last === undefined || trusted.root.version > last.signed.version;
  // The root at hand is newer than what was seen: it takes its place, as if it had been followed.
  if (last !== undefined && isNewer()) {
    trusted = withRoot(see({ root: last.signed, delegated: new Map() }, remembered, name), trusted.root);
  }
  for (let rotations = 0; ; rotations += 1) {
    if (last !== undefined && last.signed.version === trusted.root.version) {
      checkSameRoot(last, bytes);
      trusted = see(trusted, remembered, name);
    }
    const next = await fetch(trusted.root.version + 1);
    if (next === undefined) break;
    if (rotations === rotationsLimit) {
      throw new SignpostError('LIMIT_EXCEEDED', `there are more than ${rotationsLimit} roots to follow`);
    }
    trusted = updateRoot(trusted, next);
    bytes = next;
    // 5.3.8
    if (isNewer()) await keep(trusted, bytes);
  }
  if (last !== undefined && trusted.root.version < last.signed.version) {
    throw new SignpostError(
      'ROLLBACK',
      `the newest root is version ${trusted.root.version}, but version ${last.signed.version} was seen before`,
    );
  }
  return { trusted, bytes };
}

function checkSameRoot({ covered }: Signed<Root>, bytes: Uint8Array): void {
  // More signatures under the same root change nothing.
  if (Buffer.from(covered).equals(readMetadata(bytes, 'root', 'root').covered)) return;
  throw new SignpostError('ROLLBACK', 'a root of this version was seen before with other content');
}

/** What was seen before, verified by the root that was seen with it; it may have expired since. */
function see(
  trusted: TrustedMetadata,
  remembered: ReadonlyMap<string, Uint8Array>,
  name: string,
): TrustedMetadata {
  return recall(name, () => {
    const timestamp = remembered.get('timestamp.json');
    const snapshot = remembered.get('snapshot.json');
    const seen = timestamp === undefined ? trusted : updateTimestamp(trusted, timestamp);
    return snapshot === undefined ? seen : recallSnapshot(seen, snapshot);
  });
}
