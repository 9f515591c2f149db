import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { buildFourPlatforms, writeLayout } from '../../../test/fakes/image-builder.ts';

const vectors = join(import.meta.dirname, '../../../test/vectors/openpgp');
const program = join(import.meta.dirname, '../main.ts');
const root = mkdtempSync(join(tmpdir(), 'signpost-permissions-'));
after(() => rmSync(root, { recursive: true }));

/** What runs is given the umask that somebody has who did not think of it. */
const under = (umask: string, args: readonly string[]) =>
  ['-c', `umask ${umask} && exec "$0" "$@"`, process.execPath, program, ...args] as const;

interface Found {
  readonly path: string;
  readonly mode: number;
  readonly isFolder: boolean;
}

/** Everything below a folder, and the folder. */
function walk(folder: string, path = ''): readonly Found[] {
  const { mode } = statSync(join(folder, path));
  return [
    { path, mode: mode & 0o777, isFolder: true },
    ...readdirSync(join(folder, path), { withFileTypes: true }).flatMap((entry) => {
      const inside = join(path, entry.name);
      if (entry.isDirectory()) return walk(folder, inside);
      return [{ path: inside, mode: statSync(join(folder, inside)).mode & 0o777, isFolder: false }];
    }),
  ];
}

const isPublic = ({ path }: Found) => path === '' || path === 'tree' || path.startsWith('tree/');
const describe = ({ path, mode }: Found) => `${path} ${mode.toString(8)}`;

for (const umask of ['000', '077']) {
  test(`under umask ${umask} everybody reads the tree, and strangers nothing else`, async () => {
    const at = (...names: string[]) => join(root, umask, ...names);
    const layout = at('layout');
    await writeLayout(layout, buildFourPlatforms());
    const { privateKey } = generateKeyPairSync('ed25519');
    writeFileSync(at('origin.pem'), privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
    writeFileSync(at('passphrase'), 'correct horse\n');
    writeFileSync(
      at('signpost.yaml'),
      `data: data
registry: { name: images.example.org, listen: [{ port: 0 }] }
repositories: [{ match: "*", keys: ["${join(vectors, 'both.asc')}"] }]
mirrors: { allowAddresses: [127.0.0.0/8] }
`,
    );
    const config = ['--config', at('signpost.yaml')];
    const run = (...args: string[]) => execFileSync('sh', under(umask, args), { cwd: at(), stdio: 'pipe' });
    run('publish', `oci:${layout}`, 'demo/tool:1.0', ...config);
    run('request', '--output', at('a.request'), ...config);
    const key = ['--key', join(vectors, 'ed25519.secret.pgp'), '--passphrase-file', at('passphrase')];
    run('sign', at('a.request'), '--output', at('a.bundle'), '--record', at('signer.db'), '--yes', ...key);
    run('accept', at('a.bundle'), ...config);
    const place = ['--country', 'DE', '--kind', 'private', '--netblock', '192.0.2.0/24'];
    run('mirror', 'add', 'campus', 'http://127.0.0.1:1/', ...place, ...config);
    run('snapshot', '--key', at('origin.pem'), ...config);

    const server = spawn('sh', under(umask, ['serve', ...config, '--json']), {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const closed = once(server, 'close');
    try {
      const [line] = (await once(server.stdout, 'data')) as [Buffer];
      const [url = ''] = (JSON.parse(line.toString()) as { addresses: string[] }).addresses;
      run('sync', '--from', url, at('mirror/tree'));
      check(walk(at('data')));
    } finally {
      server.kill('SIGTERM');
      await closed;
    }
    const mirrored = walk(at('mirror')).filter(({ path }) => path !== 'tree/.signpost-sync');
    check(mirrored.filter(({ path }) => !path.startsWith('tree/.signpost-sync/')));
    assert.equal(statSync(at('mirror/tree/.signpost-sync')).mode & 0o777, 0o700);
    assert.equal(statSync(at('signer.db')).mode & 0o077, 0);
  });
}

function check(found: readonly Found[]): void {
  const tree = found.filter(isPublic);
  assert.ok(tree.filter(({ isFolder }) => !isFolder).length > 10, 'there is a tree');
  const closed = tree.filter(({ mode, isFolder }) => mode !== (isFolder ? 0o755 : 0o644));
  assert.deepEqual(closed.map(describe), []);
  // Below a closed folder it does not matter how a file is.
  const shut = new Set(
    found.filter(({ isFolder, mode }) => isFolder && (mode & 0o007) === 0).map((it) => it.path),
  );
  const isShut = ({ path }: Found) =>
    path.split('/').some((_, end, parts) => shut.has(parts.slice(0, end + 1).join('/')));
  const open = found.filter((one) => !isPublic(one) && (one.mode & 0o007) !== 0 && !isShut(one));
  assert.deepEqual(open.map(describe), []);
}
