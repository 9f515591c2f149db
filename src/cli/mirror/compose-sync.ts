import { join, resolve } from 'node:path';
import { trustAuthorities } from '../../adapters/http-client/authorities.ts';
import { createMirrorAddressResolver } from '../../adapters/http-client/mirror-address-resolver.ts';
import { refuseForeignRoot } from '../../adapters/files/folder-owner.ts';
import { storageError } from '../../adapters/files/storage-error.ts';
import { makeFolders } from '../../adapters/files/permissions.ts';
import { createProcessLock } from '../../adapters/process/process-lock.ts';
import { createFileDiskSpace } from '../../adapters/sync/file-disk-space.ts';
import { createFileMirrorFolder } from '../../adapters/sync/file-mirror-folder.ts';
import { createFileMirrorWriter } from '../../adapters/sync/file-mirror-writer.ts';
import { createHttpContentSource, parseSourceUrl } from '../../adapters/download/http-content-source.ts';
import { createSourceClient } from '../../adapters/download/source-client.ts';
import { createSystemClock } from '../../adapters/time/system-clock.ts';
import type { Progress } from '../../ports/progress.ts';
import { stateFolder } from '../../mirror/state-folder.ts';
import type { SyncReport } from '../../mirror/sync-report.ts';
import { type SyncOptions, syncTree } from '../../mirror/sync-tree.ts';
import { readNetblocks } from '../config/netblock-settings.ts';
import type { ProxyOption } from '../terminal/proxy-option.ts';
import { version } from '../terminal/version.ts';
import { composeProxies } from '../config/proxies.ts';

export interface SyncSettings extends SyncOptions, ProxyOption {
  /** The origin's URL. */
  readonly from: string;
  /** Mirrors that content may come from as well. */
  readonly alsoFrom: readonly string[];
  /** The mirror's folder. */
  readonly folder: string;
  readonly allowAddresses: readonly string[];
  /** PEM files with further certificate authorities. */
  readonly certificateAuthorities: readonly string[];
  /** Milliseconds. */
  readonly timeout: number;
}

/** Brings the mirror in `folder` up to date. It needs no configuration and no database. */
export async function composeSync(settings: SyncSettings, progress: Progress): Promise<SyncReport> {
  const root = resolve(settings.folder);
  const clock = createSystemClock();
  const origin = parseSourceUrl(settings.from, '--from');
  const mirrors = settings.alsoFrom.map((text) => parseSourceUrl(text, '--also-from'));
  using client = createSourceClient({
    named: new Set([origin, ...mirrors].map((url) => new URL(url).host)),
    resolver: createMirrorAddressResolver(
      readNetblocks('--allow-address', settings.allowAddresses),
      '--allow-address',
    ),
    trust: trustAuthorities(settings.certificateAuthorities, '--ca', { alsoSystem: true }),
    userAgent: `signpost/${version} (mirror sync)`,
    parallel: settings.parallel,
    timeout: settings.timeout,
    chooseProxy: composeProxies(settings),
  });
  refuseForeignRoot(root, 'folder of the mirror');
  makeFolder(root);
  await using _held = await createProcessLock(join(root, stateFolder, 'locks'), 'sync', clock).acquire(
    'sync',
  );
  return await syncTree(
    {
      folder: createFileMirrorFolder(root),
      writer: createFileMirrorWriter(root),
      disk: createFileDiskSpace(root),
      origin: createHttpContentSource(origin, client),
      mirrors: mirrors.map((url) => createHttpContentSource(url, client)),
      clock,
      progress,
    },
    settings,
  );
}

// The lock's own folder is not for others to read, and so all of the state is not.
function makeFolder(root: string): void {
  try {
    makeFolders(root, 'everyone');
    makeFolders(join(root, stateFolder), 'owner');
  } catch (cause) {
    throw storageError(`make the folder ${root}`, cause);
  }
}
