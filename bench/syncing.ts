import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createFileTreeContents } from '../src/adapters/contents/file-tree-contents.ts';
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

/**
 * Filling a mirror, against rsync from its own server and rclone from the same web server: once from nothing, and once
 * when nothing has changed. Neither of the others checks a SHA-256; rclone alone lists folders over HTTP.
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
    const times = new Map<string, { cold: number[]; unchanged: number[] }>();
    for (const who of ['signpost', ...others]) times.set(who, { cold: [], unchanged: [] });
    for (let round = 0; round < options.rounds; round += 1) {
      for (const [who, { cold, unchanged }] of times) {
        const target = join(base, `copy-${who}`);
        cold.push(time(() => copy(who, target)));
        unchanged.push(time(() => copy(who, target)));
        rmSync(target, { recursive: true });
      }
    }
    const { repositories, files, size } = shape;
    report(`sync of ${name}`, `${repositories * files} files, ${(repositories * files * size) / 1e6} MB`);
    const ours = times.get('signpost');
    for (const who of others) {
      for (const how of ['cold', 'unchanged'] as const) {
        const rates = (list: readonly number[] = []) => list.map((seconds) => 1 / seconds);
        const figures = { ours: rates(ours?.[how]), theirs: rates(times.get(who)?.[how]) };
        compare(`sync of ${name}, ${how}`, who, figures, 'runs/s');
      }
    }
    rmSync(base, { recursive: true });
  }
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
  await createFileTreeContents(tree, { now: () => Date.now() }).update({ serial: 1, repositories: serials });
}
