import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtemp, rm, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { createLoopbackCertificate } from '../../../test/fakes/loopback-certificate.ts';
import { runCommand } from '../../../test/fakes/run-command.ts';
import { openDatabaseForReading } from '../../adapters/db/sqlite/database.ts';
import { createSqliteDatabase } from '../../adapters/db/sqlite/sqlite-database.ts';
import { createWebhookOutbox } from '../../adapters/db/tables/webhook-outbox.ts';
import { digestOf } from '../../oci/digest.ts';
import { exitCodes } from '../terminal/exit-codes.ts';

const program = resolve(import.meta.dirname, '../main.ts');
const secret = 'a secret of the operator';

interface Message {
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

test('a server is managed from elsewhere, hears reports, and tells of mirrors', async (context) => {
  const folder = await mkdtemp(join(tmpdir(), 'signpost-admin-'));
  context.after(() => rm(folder, { recursive: true }));
  const at = (name: string) => join(folder, name);
  const { authority, certificate, key } = await createLoopbackCertificate();
  const told: Message[] = [];
  const hook = await listen((request, response) => {
    void text(request).then((body) => told.push({ headers: request.headers, body }));
    response.end();
  });
  const marker = JSON.stringify({ serial: 0, contents: { digest: digestOf('contents'), size: 1 } });
  let asked = 0;
  let broken = false;
  const mirror = await listen((_, response) => {
    asked += 1;
    response.writeHead(broken ? 500 : 200).end(marker);
  });
  context.after(() => [hook, mirror].forEach(({ server }) => server.closeAllConnections()));
  context.after(() => [hook, mirror].forEach(({ server }) => server.close()));

  await Promise.all([
    writeFile(at('authority.pem'), authority),
    writeFile(at('certificate.pem'), certificate),
    writeFile(at('key.pem'), key),
    writeFile(at('secret'), `${secret}\n`),
    writeFile(
      at('signpost.yaml'),
      `data: data
registry: { listen: [{ port: 0 }] }
admin: { listen: [{ port: 0, tls: { certificate: certificate.pem, key: key.pem } }] }
mirrors: { allowAddresses: [127.0.0.0/8] }
webhooks:
  hooks: [{ url: "${hook.url}/operator", secretFile: secret }]
  masterSecretFile: secret
  allowAddresses: [127.0.0.0/8]
  settle: 1s
  quiet: 1s
`,
    ),
  ]);
  const config = ['--config', at('signpost.yaml')];
  const child = spawn(process.execPath, [program, 'serve', ...config, '--json'], {
    stdio: ['ignore', 'pipe', 'ignore'],
    timeout: 60_000,
    killSignal: 'SIGKILL',
  });
  const closed = once(child, 'close');
  context.after(() => child.kill('SIGKILL'));
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const { admin } = JSON.parse(line.toString()) as { admin: readonly string[] };
  const [url = ''] = admin;
  assert.match(url, /^https:\/\/127\.0\.0\.1:\d+$/);

  const makeToken = async (...argv: readonly string[]) => {
    const made = await runCommand('token', 'create', '--label', 'test', ...argv, ...config);
    assert.equal(made.status, exitCodes.ok, made.err);
    const file = at(argv.join('-'));
    await writeFile(file, made.out);
    return ['--server', url, '--certificate-authority', at('authority.pem'), '--token-file', file];
  };
  const remote = await makeToken('--role', 'operator');
  const stranger = await runCommand('audit', '--server', url, ...remote.slice(4));
  assert.equal(stranger.status, exitCodes.tryAgain);
  assert.match(stranger.err, /its certificate .*; name that authority with --certificate-authority\n/);
  const add = await runCommand(
    'mirror',
    'add',
    'uni',
    mirror.url,
    '--country',
    'DE',
    '--webhook',
    `${hook.url}/contact`,
    ...remote,
  );
  // Which addresses are allowed inside is for the server to say, and this one allows them.
  assert.equal(add.status, exitCodes.ok, add.err);
  const list = async (where: readonly string[]) =>
    (
      JSON.parse((await runCommand('mirror', 'list', '--json', ...where)).out) as {
        mirrors: readonly { name: string; state?: { healthy: boolean } }[];
      }
    ).mirrors;
  await until(async () => (await list(remote))[0]?.state?.healthy === true);
  assert.equal((await list(config))[0]?.name, 'uni');

  // A report makes the server look at once, and it finds out by itself how things are.
  const own = await makeToken('--role', 'mirror', '--mirror', 'uni');
  // A new mirror is no news: it has to have been in for a while before going out is one.
  using database = openDatabaseForReading(at('data/signpost.db'));
  const outbox = createWebhookOutbox(createSqliteDatabase(database));
  await until(async () => [...(await outbox.load()).told.values()].some(({ healthy }) => healthy));
  const before = asked;
  broken = true;
  const report = await runCommand('report', 'uni', ...own);
  assert.equal(report.status, exitCodes.ok, report.err);
  assert.match(report.out, /it is being checked; known to hold publications up to 0 of 0/);
  await until(async () => asked > before);
  const wait = ['report', 'uni', '--wait', '--timeout', '20s'];
  const out = await runCommand(...wait, ...own);
  assert.equal(out.status, exitCodes.refused, out.err);
  assert.match(out.out, /^checked uni: out: .*it answered 500/);
  broken = false;
  // A mirror that goes in and out has to be found well a few times.
  await until(async () => {
    const waited = await runCommand(...wait, '--json', ...own);
    const { at, health } = JSON.parse(waited.out) as {
      at: string;
      health: { healthy: boolean; checkedAt: string };
    };
    assert.ok(health.checkedAt >= at);
    assert.equal(waited.status, health.healthy ? exitCodes.ok : exitCodes.refused, waited.err);
    return health.healthy;
  });
  assert.match((await runCommand(...wait, ...own)).out, /^checked uni: in, holds publications up to 0 of 0/);
  assert.match((await runCommand('report', 'uni', '--timeout', '1s', ...own)).err, /goes with --wait/);
  const refused = await runCommand('report', 'uni', '--serial', '7', ...own);
  assert.equal(refused.status, exitCodes.usage);
  assert.match(refused.err, /not published yet/);
  assert.equal((await runCommand('mirror', 'list', ...own)).status, exitCodes.refused);

  mirror.server.closeAllConnections();
  mirror.server.close();
  await runCommand('report', 'uni', ...own);
  const outs = () => told.filter(({ body }) => body.includes('"mirror.out"'));
  await until(async () => outs().length === 2);
  const [one, other] = outs();
  assert.equal(one?.body, other?.body);
  const message = JSON.parse(one?.body ?? '') as { event: string; mirror: { name: string }; reason: string };
  assert.deepEqual([message.event, message.mirror.name], ['mirror.out', 'uni']);
  const mac = (key: string) =>
    `sha256=${createHmac('sha256', key)
      .update(`${String(one?.headers['signpost-timestamp'])}.${one?.body}`)
      .digest('hex')}`;
  const contact = createHmac('sha256', secret).update('webhook of mirror 1').digest('hex');
  assert.deepEqual(
    new Set(outs().map(({ headers }) => headers['signpost-signature'])),
    new Set([mac(secret), mac(contact)]),
  );

  // What is written down reads the same from elsewhere.
  for (const verb of [['audit'], ['mirror', 'history', 'uni'], ['propagation']]) {
    // Something may happen between the two looks.
    await until(async () => {
      const here = await runCommand(...verb, '--json', ...config);
      const there = await runCommand(...verb, '--json', ...remote);
      assert.equal(there.status, exitCodes.ok, there.err);
      return isDeepStrictEqual(JSON.parse(there.out), JSON.parse(here.out));
    });
  }
  assert.match((await runCommand('mirror', 'history', 'uni', ...own)).out, /Z +out +/);
  assert.equal((await runCommand('audit', ...own)).status, exitCodes.refused);
  assert.match((await runCommand('statistics', ...remote)).out, /Nothing was counted/);
  assert.equal((await runCommand('statistics', '--limit', '501', ...remote)).status, exitCodes.usage);
  assert.equal((await runCommand('propagation', '--limit', '51', ...remote)).status, exitCodes.usage);

  const audit = await runCommand('audit', ...config);
  assert.match(audit.out, /token [0-9a-f]{16} \(test\) +mirror\.add +uni/);
  assert.match(audit.out, /user \S+ +token\.create/);

  // A configuration that is read again counts here too.
  const inside = ['mirror', 'add', 'inside', 'https://10.0.0.1', '--country', 'DE', ...remote];
  const early = await runCommand(...inside);
  assert.equal(early.status, exitCodes.usage);
  assert.match(early.err, /mirrors\.allowAddresses/);
  const settings = await readFile(at('signpost.yaml'), 'utf8');
  const wider = 'mirrors: { allowAddresses: [127.0.0.0/8, 10.0.0.1/32] }';
  await writeFile(at('signpost.yaml'), settings.replace(/^mirrors: .*$/m, wider));
  // The server judges more than the file does.
  const entry = (name: string, url: string) => ({ name, urls: [url], country: 'DE' });
  const mirrors = [entry('first', 'https://9.9.9.9'), entry('second', 'https://10.0.0.2')];
  await writeFile(at('mirrors.json'), JSON.stringify({ mirrors }));
  const half = await runCommand('mirror', 'import', at('mirrors.json'), ...remote);
  assert.equal(half.status, exitCodes.usage);
  assert.match(
    half.err,
    /the mirror "second": .* private address.* \(1 of 2 were done before it, and stay\)/,
  );
  child.kill('SIGHUP');
  await until(async () => (await runCommand(...inside)).status === exitCodes.ok);
  child.kill('SIGTERM');
  assert.deepEqual(await closed, [0, null]);
});

test('the management API does not listen where tokens would cross a network in the open', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'signpost-admin-'));
  const config = join(folder, 'signpost.yaml');
  await writeFile(
    config,
    'data: data\nregistry: { listen: [{ port: 0 }] }\nadmin: { listen: [{ address: 0.0.0.0, port: 0 }] }\n',
  );
  const { status, err } = await runCommand('serve', '--config', config);
  assert.equal(status, exitCodes.usage);
  assert.match(err, /admin\.listen\.0: tokens would cross the network in the open/);
  await writeFile(join(folder, 'short'), 'short\n');
  await writeFile(
    config,
    'data: data\nregistry: { listen: [{ port: 0 }] }\nwebhooks: { masterSecretFile: short }\n',
  );
  assert.match((await runCommand('serve', '--config', config)).err, /expected 16 or more/);
  await rm(folder, { recursive: true });
});

async function listen(
  listener: Parameters<typeof createServer>[1],
): Promise<{ server: Server; url: string }> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    if (await holds()) return;
    await sleep(100);
  }
  throw new Error('it never came about');
}
