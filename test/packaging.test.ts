import assert from 'node:assert/strict';
import { type ExecFileSyncOptionsWithStringEncoding, execFileSync, spawn } from 'node:child_process';
import {
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createCertificateAuthority } from '../demo/certificates.ts';

const root = join(import.meta.dirname, '..');
const packaging = join(root, 'packaging');
const howTo = readFileSync(join(root, 'docs/mirror-howto.md'), 'utf8');
const sync = join(packaging, 'rsync/signpost-mirror-sync');
const quiet: ExecFileSyncOptionsWithStringEncoding = { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] };

function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'signpost-packaging-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** Whether `program` is here; otherwise the test is skipped and says why. */
function have(t: TestContext, program: string, debianPackage: string): boolean {
  const folders = (process.env.PATH ?? '').split(':').concat('/usr/sbin', '/sbin');
  if (folders.some((folder) => existsSync(join(folder, program)))) return true;
  t.skip(`${program} is missing (Debian package ${debianPackage})`);
  return false;
}

const withoutComments = (text: string) =>
  text
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .join('\n')
    .trim();
const blockOf = (language: string) =>
  new RegExp(`\`\`\`${language}\\n([^]*?)\`\`\``).exec(howTo)?.[1]?.trim();

test('the how-to shows the files as they are', () => {
  const nginx = readFileSync(join(packaging, 'nginx/signpost-mirror.conf'), 'utf8');
  assert.equal(blockOf('nginx'), withoutComments(nginx));
  const rsync = readFileSync(join(packaging, 'rsync/rsyncd.conf'), 'utf8');
  assert.equal(blockOf('ini'), withoutComments(rsync));
});

test('nginx takes the example', async (t) => {
  if (!have(t, 'nginx', 'nginx-light')) return;
  const folder = temporaryFolder(t);
  const validity = { notBefore: Date.now() - 60_000, notAfter: Date.now() + 3_600_000 };
  const authority = await createCertificateAuthority('Test', validity);
  const { certificate, key } = await authority.issue(['mirror.example.org'], validity);
  writeFileSync(join(folder, 'fullchain.pem'), certificate);
  writeFileSync(join(folder, 'privkey.pem'), key);
  const example = readFileSync(join(packaging, 'nginx/signpost-mirror.conf'), 'utf8');
  // nginx -t opens the ports: the example's own may be taken or need rights.
  const adapted = example
    .replaceAll('/etc/ssl/mirror.example.org', folder)
    .replace('listen 443 ssl', `listen unix:${folder}/a.sock ssl`)
    .replace('listen [::]:443 ssl', `listen unix:${folder}/b.sock ssl`);
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((kind) => `${kind}_temp_path ${folder}/${kind};`)
    .join('\n');
  const logs = `access_log ${folder}/access.log;\n${temporary}`;
  const main = join(folder, 'nginx.conf');
  writeFileSync(main, `pid ${folder}/pid;\nevents {}\nhttp {\n${logs}\n${adapted}\n}\n`);
  const check = () =>
    execFileSync('nginx', ['-t', '-q', '-e', join(folder, 'error.log'), '-c', main], {
      ...quiet,
      env: { PATH: `${process.env.PATH ?? ''}:/usr/sbin:/sbin` },
    });
  check();
  writeFileSync(main, readFileSync(main, 'utf8').replace('gzip off', 'gzip maybe'));
  assert.throws(check, /invalid value "maybe"/);
});

test('systemd takes the units', (t) => {
  if (!have(t, 'systemd-analyze', 'systemd')) return;
  const folder = temporaryFolder(t);
  const units = readdirSync(join(packaging, 'systemd'));
  assert.ok(units.length >= 3);
  for (const unit of units) {
    const text = readFileSync(join(packaging, 'systemd', unit), 'utf8');
    // The programs are where the administrator puts them, and not on this machine.
    writeFileSync(join(folder, unit), text.replace(/^ExecStart=\S+/gm, 'ExecStart=/bin/true'));
  }
  const paths = units.map((unit) => join(folder, unit));
  const verify = () => execFileSync('systemd-analyze', ['verify', '--man=no', ...paths], quiet);
  verify();
  // The programs that the units name are those of this checkout.
  const service = readFileSync(join(packaging, 'systemd/signpost.service'), 'utf8');
  assert.match(service, /^ExecStart=\/opt\/signpost\/bin\/signpost serve /m);
  assert.ok(existsSync(join(root, 'bin/signpost')));
});

test('what the container file copies is there, and its program starts', () => {
  const text = readFileSync(join(packaging, 'Containerfile'), 'utf8');
  const copied = [...text.matchAll(/^COPY (.*) \S+$/gm)].flatMap(([, names = '']) => names.split(' '));
  assert.ok(copied.includes('package-lock.json') && copied.includes('src'));
  for (const name of copied) assert.ok(existsSync(join(root, name)), name);
  const [, main = ''] = /^ENTRYPOINT \["node", "\/opt\/signpost\/(.*)"\]$/m.exec(text) ?? [];
  assert.match(execFileSync(process.execPath, [join(root, main), '--version'], quiet), /^\d+\.\d+\.\d+/);
});

/** A tree with one repository, at `serial`. */
function writeTree(tree: string, serial: number): void {
  const blobs = join(tree, 'v2/demo/app/blobs');
  mkdirSync(blobs, { recursive: true });
  writeFileSync(join(blobs, `sha256:${serial}`), `content ${serial}`);
  writeFileSync(join(tree, 'publication.json'), JSON.stringify({ serial }));
}

test('a sync copies the tree, keeps hard links, and deletes what the origin retired', (t) => {
  if (!have(t, 'rsync', 'rsync') || !have(t, 'flock', 'util-linux')) return;
  const folder = temporaryFolder(t);
  const [tree, copy] = [join(folder, 'tree'), join(folder, 'copy')];
  writeTree(tree, 1);
  mkdirSync(join(tree, 'v2/demo/other/blobs'), { recursive: true });
  linkSync(join(tree, 'v2/demo/app/blobs/sha256:1'), join(tree, 'v2/demo/other/blobs/sha256:1'));
  execFileSync(sync, [tree, copy], quiet);
  const inode = (path: string) => statSync(join(copy, path)).ino;
  assert.equal(inode('v2/demo/app/blobs/sha256:1'), inode('v2/demo/other/blobs/sha256:1'));
  assert.equal(readFileSync(join(copy, 'publication.json'), 'utf8'), '{"serial":1}');

  rmSync(join(tree, 'v2/demo/app/blobs/sha256:1'));
  writeTree(tree, 2);
  execFileSync(sync, [tree, copy], quiet);
  assert.deepEqual(readdirSync(join(copy, 'v2/demo/app/blobs')), ['sha256:2']);
  assert.equal(readFileSync(join(copy, 'publication.json'), 'utf8'), '{"serial":2}');
});

test('a publication in the middle of a sync is not claimed, and a sync that fails claims nothing', (t) => {
  if (!have(t, 'rsync', 'rsync') || !have(t, 'flock', 'util-linux')) return;
  const folder = temporaryFolder(t);
  const [tree, copy] = [join(folder, 'tree'), join(folder, 'copy')];
  writeTree(tree, 1);
  execFileSync(sync, [tree, copy], quiet);
  writeTree(tree, 2);
  // A stand-in for rsync that does something before its second call, which copies the content.
  const bin = join(folder, 'bin');
  const runWith = (before: string) => {
    rmSync(bin, { recursive: true, force: true });
    mkdirSync(bin);
    const script = [
      '#!/bin/sh',
      `echo >>${bin}/calls`,
      `if [ "$(wc -l <${bin}/calls)" -eq 2 ]; then ${before}; fi`,
      `PATH=$OLD_PATH exec rsync "$@"`,
    ];
    writeFileSync(join(bin, 'rsync'), `${script.join('\n')}\n`, { mode: 0o755 });
    const path = process.env.PATH ?? '';
    const env = { PATH: `${bin}:${path}`, OLD_PATH: path };
    execFileSync(sync, [tree, copy], { ...quiet, env });
  };
  const serial = () => JSON.parse(readFileSync(join(copy, 'publication.json'), 'utf8')) as object;

  assert.throws(() => runWith('exit 12'));
  assert.deepEqual(serial(), { serial: 1 });

  runWith(`echo '{"serial":3}' >${tree}/publication.json`);
  assert.deepEqual(serial(), { serial: 2 });
  execFileSync(sync, [tree, copy], quiet);
  assert.deepEqual(serial(), { serial: 3 });
});

test('a second sync of the same folder leaves it to the first', async (t) => {
  if (!have(t, 'rsync', 'rsync') || !have(t, 'flock', 'util-linux')) return;
  const folder = temporaryFolder(t);
  const [tree, copy] = [join(folder, 'tree'), join(folder, 'copy')];
  writeTree(tree, 1);
  mkdirSync(copy);
  const holder = spawn('flock', [join(copy, '.sync-lock'), 'sh', '-c', 'echo held; exec cat'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await once(holder.stdout, 'data');
  try {
    execFileSync(sync, [tree, copy], quiet);
    assert.ok(!existsSync(join(copy, 'publication.json')));
  } finally {
    holder.stdin.end();
    await once(holder, 'close');
  }
});

test('a bucket is filled in the order that keeps its marker true', (t) => {
  if (!have(t, 'rclone', 'rclone')) return;
  const folder = temporaryFolder(t);
  const [tree, bucket] = [join(folder, 'tree'), join(folder, 'bucket')];
  const script = join(packaging, 'rclone/signpost-bucket-sync');
  const environment = { PATH: process.env.PATH ?? '', HOME: folder };
  const run = () => execFileSync(script, [tree, bucket], { ...quiet, env: environment });
  const blob = (serial: number) => join(bucket, `v2/demo/app/blobs/sha256:${serial}`);
  writeTree(tree, 1);
  for (const [path, text] of Object.entries({
    'signatures/demo/app@sha256=1/signature-1': 'signed',
    'tuf/1.root.json': '{}',
    'tuf/timestamp.json': '{"version":1}',
    'v2/images.example.org/demo/app/_trust/tuf/timestamp.json': '{"version":1}',
    '.signpost-sync/partial/1': 'half',
  })) {
    mkdirSync(dirname(join(tree, path)), { recursive: true });
    writeFileSync(join(tree, path), text);
  }
  run();
  assert.equal(readFileSync(blob(1), 'utf8'), 'content 1');
  assert.equal(readFileSync(join(bucket, 'publication.json'), 'utf8'), '{"serial":1}');
  assert.ok(!existsSync(join(bucket, '.signpost-sync')));

  rmSync(join(tree, 'v2/demo/app/blobs/sha256:1'));
  writeTree(tree, 2);
  // Of the same size as before.
  writeFileSync(join(tree, 'signatures/demo/app@sha256=1/signature-1'), 'SIGNED');
  writeFileSync(join(tree, 'tuf/timestamp.json'), '{"version":2}');
  run();
  assert.ok(!existsSync(blob(1)));
  assert.equal(readFileSync(blob(2), 'utf8'), 'content 2');
  assert.equal(readFileSync(join(bucket, 'signatures/demo/app@sha256=1/signature-1'), 'utf8'), 'SIGNED');
  assert.equal(readFileSync(join(bucket, 'tuf/timestamp.json'), 'utf8'), '{"version":2}');
  assert.equal(readFileSync(join(bucket, 'publication.json'), 'utf8'), '{"serial":2}');

  // Stopped before its end, it has not moved the marker.
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  writeFileSync(
    join(bin, 'rclone'),
    '#!/bin/sh\ncase "$*" in *copyto*) exit 1;; esac\nPATH=$OLD_PATH exec rclone "$@"\n',
    { mode: 0o755 },
  );
  writeTree(tree, 3);
  const broken = { ...environment, PATH: `${bin}:${environment.PATH}`, OLD_PATH: environment.PATH };
  assert.throws(() => execFileSync(script, [tree, bucket], { ...quiet, env: broken }));
  assert.equal(readFileSync(join(bucket, 'publication.json'), 'utf8'), '{"serial":2}');
  assert.equal(readFileSync(blob(3), 'utf8'), 'content 3');
});
