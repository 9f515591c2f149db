import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createPublishedFiles } from '../test/fakes/published-files.ts';
import { createFileTreeContents } from '../src/adapters/tree/file-tree-contents.ts';
import { digestOf } from '../src/oci/digest.ts';
import { type RepositoryName, parseRepositoryName } from '../src/oci/reference.ts';
import { startNginx } from './nginx.ts';
import { runCommand, startServer } from './process.ts';
import { compare, report } from './report.ts';

const root = join(import.meta.dirname, '..');
const ports = { http: 18_301, rsync: 18_302 };
// One core for the servers, the other for whoever copies.
const cores = { server: 0, client: 1 };

const trees = {
  'few large files': { repositories: 4, files: 4, size: 64 * 1024 * 1024 },
  'many small files': { repositories: 100, files: 60, size: 8 * 1024 },
} as const;

/** Seconds. */
interface Times {
  readonly cold: number[];
  readonly unchanged: number[];
  /** From nothing, and every file of the copy read and hashed afterwards: what signpost has done by then. */
  readonly checked: number[];
}

/**
 * Filling a mirror, against rsync from its own server and rclone from the same web server: once from nothing, and once
 * when nothing has changed. Neither of the others checks a SHA-256, so they are also compared with the check that
 * would have to follow; rclone alone lists folders over HTTP.
 */
export async function benchSyncing(folder: string, options: { rounds: number }): Promise<void> {
  // What is installed is JavaScript: a checkout has its types stripped at each start.
  runCommand('npm', ['run', '--silent', 'build']);
  for (const [name, shape] of Object.entries(trees)) {
    const base = join(folder, 'sync', name.replaceAll(' ', '-'));
    const tree = join(base, 'tree');
    await writeTree(tree, shape);
    await using _web = await startNginx(
      join(base, 'nginx'),
      ports.http,
      cores.server,
      `root ${tree}; autoindex on;`,
    );
    await using _rsync = await startRsync(base, tree);
    const others = ['rsync', ...(existsSync('/usr/bin/rclone') ? ['rclone'] : [])] as const;
    const times = new Map<string, Times>();
    for (const who of ['signpost', ...others]) times.set(who, { cold: [], unchanged: [], checked: [] });
    const hashing: number[] = [];
    for (let round = 0; round < options.rounds; round += 1) {
      hashing.push(time(() => hashFiles(tree)));
      for (const [who, { cold, unchanged, checked }] of times) {
        // Nothing is removed before the end: for minutes after thousands of files were removed, ext4 takes ten times as
        // long to make one, since it looks through all that it must not use again yet.
        const target = join(base, `copy-${who}-${round}`);
        const seconds = time(() => copy(who, target));
        cold.push(seconds);
        if (who !== 'signpost') checked.push(seconds + time(() => hashFiles(target)));
        unchanged.push(time(() => copy(who, target)));
      }
    }
    const { repositories, files, size } = shape;
    report(`sync of ${name}`, `${repositories * files} files, ${(repositories * files * size) / 1e6} MB`);
    const rates = (list: readonly number[] = []) => list.map((seconds) => 1 / seconds);
    const ours = times.get('signpost');
    const against = (what: string, other: string, our: readonly number[] = [], their?: readonly number[]) =>
      compare(`sync of ${name}, ${what}`, other, { ours: rates(our), theirs: rates(their) }, 'runs/s');
    for (const who of others) {
      const theirs = times.get(who);
      against('cold', who, ours?.cold, theirs?.cold);
      against('cold', `${who} and sha256 of its copy`, ours?.cold, theirs?.checked);
      against('unchanged', who, ours?.unchanged, theirs?.unchanged);
    }
    against('cold', 'sha256 of the same files and nothing else', ours?.cold, hashing);
    rmSync(base, { recursive: true });
  }
}

/** Reads and hashes every file on the client's core. */
function hashFiles(folder: string): void {
  const hash = ['openssl', 'dgst', '-sha256', '-r'];
  const command = ['find', folder, '-type', 'f', '-exec', ...hash, '{}', '+'];
  runCommand('taskset', ['-c', String(cores.client), ...command]);
}

function copy(who: string, target: string): void {
  const node = join(root, 'node_modules/.bin/node');
  const web = `http://127.0.0.1:${ports.http}/`;
  const commands: Readonly<Record<string, readonly string[]>> = {
    signpost: [node, join(root, 'dist/cli/main.js'), 'sync', '--from', web, target],
    rsync: [
      join(root, 'packaging/rsync/signpost-mirror-sync'),
      `rsync://127.0.0.1:${ports.rsync}/tree`,
      target,
    ],
    rclone: ['rclone', 'sync', '--transfers', '8', '--checkers', '8', `:http,url='${web}':`, target],
  };
  runCommand('taskset', ['-c', String(cores.client), ...(commands[who] ?? [])]);
  // Ours has waited for the disk already; the others leave that to the system.
  runCommand('sync', ['-f', target]);
}

function time(work: () => void): number {
  const start = performance.now();
  work();
  return (performance.now() - start) / 1000;
}

async function startRsync(base: string, tree: string) {
  const config = join(base, 'rsyncd.conf');
  writeFileSync(
    config,
    `use chroot = no\nuid = root\ngid = root\n[tree]\npath = ${tree}\nread only = yes\nexclude = .*\n`,
  );
  const command = [
    'rsync',
    '--daemon',
    '--no-detach',
    '--address=127.0.0.1',
    `--port=${ports.rsync}`,
    `--config=${config}`,
  ];
  return startServer(cores.server, command, async () => {
    for (let attempt = 0; ; attempt += 1) {
      try {
        runCommand('rsync', [`rsync://127.0.0.1:${ports.rsync}/`]);
        return;
      } catch (error) {
        if (attempt === 50) throw error;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
  });
}

async function writeTree(
  tree: string,
  { repositories, files, size }: { repositories: number; files: number; size: number },
): Promise<void> {
  const serials = new Map<RepositoryName, number>();
  for (let repository = 0; repository < repositories; repository += 1) {
    const name = parseRepositoryName(`bench/image-${repository}`);
    serials.set(name, 1);
    for (let file = 0; file < files; file += 1) {
      const bytes = randomBytes(size);
      const path = join(tree, 'v2', name, 'blobs', digestOf(bytes));
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, bytes);
    }
  }
  const contents = createFileTreeContents(tree, createPublishedFiles(tree), { now: () => Date.now() });
  await contents.update({ serial: 1, repositories: serials });
}
