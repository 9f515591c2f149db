import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, before, describe, it } from 'node:test';
import { createAdvisoryLock } from '../../src/adapters/db/postgres/advisory-lock.ts';
import { openPostgres } from '../../src/adapters/db/postgres/database.ts';
import { buildImage, buildList, writeLayout } from '../fakes/image-builder.ts';
import { describeResult, runCommand } from './harness/command.ts';
import { eventually } from './harness/eventually.ts';
import { findFreePort } from './harness/ports.ts';
import { type PostgresServer, startPostgres } from './harness/postgres.ts';
import { requirements } from './harness/requirements.ts';
import { type Serving, type Signpost, createSignpost } from './harness/signpost.ts';
import { createWorkFolder } from './harness/work-folder.ts';

const program = join(import.meta.dirname, '../../bin/signpost');
const rounds = 3;

describe('two managers over one PostgreSQL and one tree', requirements('postgres'), () => {
  const work = createWorkFolder();
  const managers: Signpost[] = [];
  let server: PostgresServer;
  let serving: Serving | undefined;
  let port: number;
  let databaseUrl: string;

  before(async () => {
    server = await startPostgres(work);
    databaseUrl = await server.createDatabase();
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const pem = { type: 'pkcs8', format: 'pem' } as const;
    writeFileSync(work.file('release.pem'), privateKey.export(pem), { mode: 0o600 });
    writeFileSync(work.file('release.pub'), publicKey.export({ type: 'spki', format: 'pem' }));
    port = await findFreePort();
    for (const name of ['one', 'two']) {
      managers.push(
        createSignpost(work, name, {
          database: databaseUrl,
          databasePasswordFile: server.passwordFile,
          registry: { name: `127.0.0.1:${port}`, listen: [{ address: '127.0.0.1', port }] },
          repositories: [{ match: '*', formats: ['cosign'], cosignKeys: [work.file('release.pub')] }],
        }),
      );
    }
    // Each has a working folder of its own, as on another machine, and both the same shared disk.
    for (const folder of ['tree', 'staging']) {
      const shared = work.folder(`shared-${folder}`);
      for (const { data } of managers) symlinkSync(shared, join(data, folder));
    }
    serving = await managers[0]?.serve();
  });
  after(async () => {
    await serving?.[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
    work.remove();
  });

  /** Tries again for as long as another manager has the content lock. */
  async function must(manager: Signpost, ...args: string[]): Promise<void> {
    for (const deadline = Date.now() + 120_000; ;) {
      const result = await manager.run(...args);
      if (result.status === 0) return;
      const locked = result.stderr.includes('another process works on the same data');
      if (!locked || Date.now() > deadline) throw new Error(describeResult(result));
      await sleep(50);
    }
  }

  async function publish(manager: Signpost, repository: string, tag: string): Promise<void> {
    const layout = work.folder(`${repository}-${tag}`);
    const list = buildList([buildImage({ layers: [{ text: `${repository} ${tag}` }] })]);
    await writeLayout(layout, list);
    await must(manager, 'publish', `oci:${layout}`, `${repository}:${tag}`);
    const request = work.file(`${repository}-${tag}.request`);
    const bundle = work.file(`${repository}-${tag}.bundle`);
    await must(manager, 'request', '--repository', repository, '-o', request);
    // The work folder itself belongs to the database's user.
    const record = ['--record', work.file('records', `${repository}.record`)];
    const key = ['--cosign-key', work.file('release.pem')];
    const signed = await runCommand(program, ['sign', request, '-o', bundle, '--yes', ...record, ...key]);
    assert.equal(signed.status, 0, describeResult(signed));
    await must(manager, 'accept', bundle);
  }

  const get = async (path: string) => (await fetch(`http://127.0.0.1:${port}${path}`)).status;

  it('adds mirrors and accepts at the same time, and nothing is lost', async () => {
    await Promise.all(
      managers.flatMap((manager) => [
        (async () => {
          for (let round = 0; round < rounds; round += 1) {
            const name = `${manager.name}-${round}`;
            await manager.must('mirror', 'add', name, `https://${name}.example.org`, '--country', 'DE');
          }
        })(),
        (async () => {
          for (let round = 0; round < rounds; round += 1) await publish(manager, manager.name, `${round}`);
        })(),
      ]),
    );
    for (const manager of managers) {
      const { mirrors } = JSON.parse(await manager.must('mirror', 'list', '--json')) as {
        mirrors: readonly { name: string }[];
      };
      assert.equal(mirrors.length, rounds * managers.length);
    }
    // Whatever the server was told of by then, it answers with all of it soon.
    for (const { name } of managers) {
      for (let round = 0; round < rounds; round += 1) {
        const path = `/v2/${name}/manifests/${round}`;
        await eventually(`${path} is there`, 20_000, async () => (await get(path)) === 200);
      }
    }
    const scrubbed = await managers[1]?.run('scrub');
    assert.ok(scrubbed !== undefined);
    assert.equal(scrubbed.status, 0, describeResult(scrubbed));
  });

  it('keeps a manager out while another works on the content, and tells who it is', async () => {
    const [, two] = managers;
    assert.ok(two !== undefined);
    await using database = await openPostgres({
      url: databaseUrl,
      password: server.password,
      connections: 2,
    });
    await using _held = await createAdvisoryLock(database, 'accept').acquire('content');
    const refused = await two.run('scrub', '--repair');
    assert.equal(refused.status, 5, describeResult(refused));
    assert.match(refused.stderr, /another process works on the same data \(signpost accept, process \d+ on /);
  });
});
