import { refuseForeignRoot } from '../../adapters/files/folder-owner.ts';
import { dirname, join, resolve } from 'node:path';
import { watchFolders } from '../../adapters/files/folder-changes.ts';
import { openHandOffBundles } from '../../adapters/hand-off/hand-off-bundles.ts';
import { openHandOffFolder } from '../../adapters/hand-off/hand-off-folder.ts';
import { createNewFile } from '../../adapters/files/new-file.ts';
import { createJsonLog } from '../../adapters/output/json-log.ts';
import { readLines } from '../../adapters/files/read-lines.ts';
import { readSmallFile } from '../../adapters/files/small-file.ts';
import { openSignerRecord } from '../../adapters/db/sqlite/signer-record.ts';
import { createSystemClock } from '../../adapters/time/system-clock.ts';
import { isSignpostError } from '../../oci/errors.ts';
import { type ApproveDeps, approveRequest } from '../../signer/approve-request.ts';
import type { HandleOptions } from '../../signer/handle-request.ts';
import { type SignWaitingDeps, type WaitingOutcome, signWaiting } from '../../signer/sign-waiting.ts';
import { type PassResult, type WatchDeps, createWatch } from '../../signer/watch-requests.ts';
import { sealKeyLimit } from '../../trust/hand-off/seal.ts';
import { requestLimits } from '../../trust/hand-off/signing-request.ts';
import { loadSignerPolicy } from './load-signer-policy.ts';
import { version } from '../terminal/version.ts';
import { type MetadataKeyFiles, openMetadataSigners } from './compose-metadata-signers.ts';
import { forPolicy } from '../trust/policy-file.ts';
import { type SealKeySource, openSealSigner } from '../keys/seal-signer.ts';
import { defaultRecord } from './signing-key-options.ts';
import { type KeySource, openSigningKeys } from './compose-signing-keys.ts';

const policyLimit = 1024 * 1024;

export interface SignerSettings {
  readonly folder: string;
  readonly policy: string;
  readonly keys: readonly KeySource[];
  readonly metadataKeys: MetadataKeyFiles;
  readonly bundleKey: SealKeySource | undefined;
  readonly record: string | undefined;
  /** Milliseconds. */
  readonly life: number;
  /** Of one request, in bytes. */
  readonly sizeLimit: number;
  readonly signal: AbortSignal;
}

type OpenedSigner = Omit<WatchDeps, 'openRecord' | 'log'> &
  AsyncDisposable & { readonly options: HandleOptions };

/**
 * Signs what comes into a folder and is allowed: once, or until the signal. Needs no configuration, no data folder and
 * no network.
 * @returns how the requests of the last pass fared
 */
export async function composeWatch(
  settings: SignerSettings & { readonly once: boolean; readonly interval: number },
): Promise<PassResult> {
  const log = createJsonLog('info', createSystemClock());
  await using signer = await openSigner(settings);
  const openRecord = () => openSignerRecord(settings.record ?? defaultRecord());
  const pass = createWatch({ ...signer, log, openRecord }, signer.options);
  try {
    if (settings.once) return await pass();
    const { folder, interval, signal } = settings;
    using changes = watchFolders([join(folder, 'in'), join(folder, 'waiting')]);
    log.info('watching', { folder: resolve(folder) });
    let last: PassResult = { signed: 0, waiting: 0, refused: 0, failed: 0, ignored: [] };
    while (!signal.aborted) {
      try {
        last = await pass();
      } catch (error) {
        if (isSignpostError(error, 'CANCELLED')) break;
        log.error('will try again', { error });
      }
      await changes.next(interval, signal);
    }
    log.info('stopped');
    return last;
  } finally {
    log.flush();
  }
}

/** Has a person decide about requests that wait in the folder. */
export async function composeSignWaiting(
  settings: SignerSettings,
  names: readonly string[],
  choose: SignWaitingDeps['choose'],
  adoptRecord: boolean,
): Promise<readonly WaitingOutcome[]> {
  await using signer = await openSigner(settings);
  using record = openSignerRecord(settings.record ?? defaultRecord());
  return await signWaiting({ ...signer, record, choose }, names, { ...signer.options, adoptRecord });
}

/** Approves the request in a file. The approval is put beside it unless `output` says where. */
export async function composeApprove(settings: {
  readonly request: string;
  readonly approverKey: SealKeySource;
  readonly output: string | undefined;
  readonly review: ApproveDeps['review'];
}): Promise<Awaited<ReturnType<typeof approveRequest>>> {
  const { request, output, review } = settings;
  const approver = await openSealSigner(settings.approverKey);
  const beside = (key: string) => `${request.replace(/\.request$/, '')}.${key.slice(0, 16)}.approval`;
  const createFile = (key: string) => createNewFile(output ?? beside(key));
  const deps = { approver, clock: createSystemClock(), review, createFile };
  return approveRequest(deps, readLines(request, requestLimits.line));
}

async function openSigner(settings: SignerSettings): Promise<OpenedSigner> {
  refuseForeignRoot(settings.folder, 'folder of the signer');
  const { folder, life, sizeLimit, signal } = settings;
  const clock = createSystemClock();
  const policy = await readPolicy(settings.policy);
  const requests = await openHandOffFolder(folder);
  const bundles = await openHandOffBundles(join(folder, 'out'));
  const sealer = settings.bundleKey === undefined ? undefined : await openSealSigner(settings.bundleKey);
  const opened = await openSigningKeys(settings.keys, clock);
  const signers = await openMetadataSigners(settings.metadataKeys);
  return {
    requests,
    bundles,
    policy,
    keys: opened.keys,
    metadata: signers.metadata,
    sealer,
    clock,
    sizeLimit,
    advance: () => undefined,
    signal,
    options: { life, creator: `signpost ${version}` },
    [Symbol.asyncDispose]: async () => {
      await signers[Symbol.asyncDispose]();
      await opened[Symbol.asyncDispose]();
    },
  };
}

async function readPolicy(path: string) {
  const read = async (file: string, limit: number) =>
    Buffer.from(await forPolicy(path, () => readSmallFile(file, limit))).toString('utf8');
  return loadSignerPolicy(await read(path, policyLimit), path, (key) =>
    read(resolve(dirname(path), key), sealKeyLimit),
  );
}
