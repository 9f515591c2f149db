import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { mustRun } from './command.ts';
import { type Daemon, startDaemon } from './daemon.ts';
import { findFreePort, listens } from './ports.ts';
import type { WorkFolder } from './work-folder.ts';

const packaging = join(import.meta.dirname, '../../../packaging/rsync');

/** The origin's rsync module, with the settings that are in packaging/. */
export interface RsyncOrigin extends AsyncDisposable {
  readonly url: string;
  /** Brings a mirror's folder up to date with the script that is in packaging/. */
  fill(folder: string): Promise<void>;
}

export async function startRsyncOrigin(work: WorkFolder, tree: string): Promise<RsyncOrigin> {
  const port = await findFreePort();
  const user = process.getuid?.() === 0 ? 'uid = root\ngid = root\nuse chroot = no\n' : 'use chroot = no\n';
  const module = readFileSync(join(packaging, 'rsyncd.conf'), 'utf8')
    .replaceAll(/^[ug]id = .*\n/gm, '')
    .replace('/var/lib/signpost/tree', tree);
  const configuration = work.file('rsyncd.conf');
  writeFileSync(configuration, `${user}${module}`);
  const daemon: Daemon = await startDaemon(
    'rsync',
    ['--daemon', '--no-detach', '--address=127.0.0.1', `--port=${port}`, `--config=${configuration}`],
    { logFile: work.file('rsyncd.log'), ready: () => listens(port) },
  );
  const url = `rsync://127.0.0.1:${port}/tree`;
  return {
    url,
    async fill(folder) {
      await mustRun('/bin/sh', [join(packaging, 'signpost-mirror-sync'), url, folder]);
    },
    [Symbol.asyncDispose]: () => daemon[Symbol.asyncDispose](),
  };
}
