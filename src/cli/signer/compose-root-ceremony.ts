import { writeFileAtomic } from '../../adapters/files/atomic-file.ts';
import { rawKeyFileLimit } from '../../adapters/keys/file-raw-signer.ts';
import { readSmallFile } from '../../adapters/files/small-file.ts';
import { createSystemClock } from '../../adapters/time/system-clock.ts';
import { SignpostError } from '../../oci/errors.ts';
import { makeNotaryRoot } from '../../signer/notary-root.ts';
import { describeRoot, draftRoot, finishRoot, signRoot } from '../../signer/tuf-root.ts';
import { metadataFileLimit } from '../../trust/metadata-file.ts';
import { parseVerifyingKeys } from '../../trust/verifying-key.ts';
import { type RawKeySource, openRawSigner } from '../keys/raw-signers.ts';
import { waitForAll } from '../../parallel/wait-for-all.ts';

/** Files with the public keys of the roles. */
export interface RoleKeyFiles {
  readonly root: readonly string[];
  readonly threshold: number;
  readonly targets: readonly string[];
  readonly snapshot: readonly string[];
  readonly timestamp: readonly string[];
}

/** Writes a root that nobody has signed yet, and returns it in words. `life` is in milliseconds. */
export async function composeDraft(
  previous: string | undefined,
  files: RoleKeyFiles,
  life: number,
  output: string,
): Promise<readonly string[]> {
  const role = async (names: readonly string[], threshold = 1) => ({
    keys: await readKeys(names),
    threshold,
  });
  const plan = {
    root: await role(files.root, files.threshold),
    targets: await role(files.targets),
    snapshot: await role(files.snapshot),
    timestamp: await role(files.timestamp),
  };
  const draft = draftRoot(await readPrevious(previous), plan, createSystemClock().now() + life);
  await writeFileAtomic(output, draft, 'umask');
  return describeRoot(draft);
}

/** Adds a signature to a draft once its holder agrees. */
export async function composeRootSignature(
  draft: string,
  key: RawKeySource,
  output: string,
  review: (lines: readonly string[]) => Promise<boolean>,
): Promise<readonly string[]> {
  const bytes = await readSmallFile(draft, metadataFileLimit);
  if (!(await review(describeRoot(bytes)))) throw new SignpostError('CANCELLED', 'nothing was signed');
  const signer = await openRawSigner(key);
  try {
    const signed = await signRoot(bytes, signer);
    await writeFileAtomic(output, signed, 'umask');
    return describeRoot(signed);
  } finally {
    await signer.close();
  }
}

/** Puts the signatures together into a root that clients take. */
export async function composeFinishedRoot(
  previous: string | undefined,
  drafts: readonly string[],
  output: string | undefined,
): Promise<{ readonly path: string; readonly lines: readonly string[] }> {
  const copies = await waitForAll(drafts.map((path) => readSmallFile(path, metadataFileLimit)));
  const { root, bytes } = finishRoot(await readPrevious(previous), copies);
  const path = output ?? `${root.version}.root.json`;
  await writeFileAtomic(path, bytes, 'umask');
  return { path, lines: describeRoot(bytes) };
}

export interface NotaryRootSettings {
  readonly previous: string | undefined;
  readonly key: RawKeySource;
  /** The root key before, when it is another one. */
  readonly previousKey: RawKeySource | undefined;
  readonly targets: string;
  readonly snapshot: string;
  readonly timestamp: string;
  /** Milliseconds. */
  readonly life: number;
  readonly output: string | undefined;
}

/** Makes a root for Notary v1. */
export async function composeNotaryRoot(settings: NotaryRootSettings): Promise<{ readonly path: string }> {
  const plan = {
    targets: await readKey(settings.targets),
    snapshot: await readKey(settings.snapshot),
    timestamp: await readKey(settings.timestamp),
  };
  const previous = await readPrevious(settings.previous);
  const { previousKey } = settings;
  const signer = await openRawSigner(settings.key);
  const former = previousKey === undefined ? undefined : await openRawSigner(previousKey);
  try {
    const expires = createSystemClock().now() + settings.life;
    const { root, bytes } = await makeNotaryRoot(previous, signer, former, plan, expires);
    const path = settings.output ?? `${root.version}.root.json`;
    await writeFileAtomic(path, bytes, 'umask');
    return { path };
  } finally {
    await signer.close();
    await former?.close();
  }
}

async function readPrevious(path: string | undefined): Promise<Uint8Array | undefined> {
  return path === undefined ? undefined : readSmallFile(path, metadataFileLimit);
}

async function readKeys(names: readonly string[]): Promise<readonly Uint8Array[]> {
  return waitForAll(names.map(readKey));
}

async function readKey(name: string): Promise<Uint8Array> {
  const [first, ...more] = parseVerifyingKeys(await readSmallFile(name, rawKeyFileLimit), name);
  if (first === undefined || more.length > 0) {
    throw new SignpostError('USAGE', `${name} holds ${more.length + 1} keys: expected one a file`);
  }
  return first.key.export({ type: 'spki', format: 'der' });
}
