import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Updater } from 'tuf-js';
import { createTufKeyring, createTufMachine, hour, makeRoot, tufTag } from '../../test/fakes/tuf-world.ts';
import { digestHex } from '../oci/digest.ts';
import { readStrictMetadata } from '../trust/tuf/read-strict-metadata.ts';
import { sealMetadata } from './seal-metadata.ts';

// tuf-js is a client that somebody else wrote, and it reads the clock by itself.
const now = Date.now();
const keyring = createTufKeyring();
const first = await makeRoot(keyring, keyring.root, now + 9000 * hour);

/** A server of what `files` holds at the moment, and clients of it that each remember what they have seen. */
async function serve(t: TestContext, files: ReadonlyMap<string, Uint8Array>) {
  const server = createServer((request, response) => {
    const bytes = files.get((request.url ?? '').slice('/tuf/'.length));
    response.writeHead(bytes === undefined ? 404 : 200);
    response.end(bytes);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  return async () => {
    const folder = await mkdtemp(join(tmpdir(), 'signpost-tuf-'));
    t.after(() => rm(folder, { recursive: true, force: true }));
    await writeFile(join(folder, 'root.json'), first.bytes);
    return {
      async find(path: string) {
        const config = { fetchTimeout: 5000, fetchRetries: 0, fetchRetry: 0 };
        const updater = new Updater({
          metadataDir: folder,
          metadataBaseUrl: `http://127.0.0.1:${port}/tuf`,
          config,
        });
        await updater.refresh();
        return updater.getTargetInfo(path);
      },
    };
  };
}

test('tuf-js finds the list of a tag, and nothing for a tag that is not signed', async (t) => {
  const machine = createTufMachine(keyring, [first.bytes]);
  await machine.sign(['fedora/base:41', 'fedora:latest', 'root:1'], now);
  const client = await (await serve(t, machine.published))();
  const found = await client.find('fedora/base/41');
  assert.equal(found?.hashes.sha256, digestHex(tufTag('fedora/base:41').list));
  assert.equal(found.length, 'fedora/base:41'.length);
  assert.deepEqual(found.custom, { reference: 'images.example.org/fedora/base:41' });
  assert.ok(await client.find('root/1'));
  assert.equal(await client.find('fedora/base/40'), undefined);
});

test('tuf-js follows new roots and goes on with new keys for every role', async (t) => {
  const machine = createTufMachine(keyring, [first.bytes]);
  await machine.sign(['a:1', 'b:1'], now);
  const client = await (await serve(t, machine.published))();
  await client.find('a/1');
  const later = createTufKeyring();
  const next = await makeRoot(later, [...keyring.root, ...later.root], now + 9000 * hour, first.root);
  await machine.sign(['a:2'], now, later, [first.bytes, next.bytes]);
  assert.ok(await client.find('a/2'));
  assert.ok(
    await client.find('b/1'),
    'tags that were not signed again have to be signed by the new keys too',
  );
});

test('tuf-js refuses what our own verification refuses', async (t) => {
  const machine = createTufMachine(keyring, [first.bytes]);
  const { offered: old } = await machine.sign(['a:1'], now);
  const served = new Map(machine.published);
  const newClient = await serve(t, served);
  const seen = await newClient();
  await machine.sign(['a:2'], now);
  for (const [path, bytes] of machine.published) served.set(path, bytes);
  await seen.find('a/2');
  const change = async (path: string, bytes: Uint8Array | undefined, client = newClient()) => {
    served.set(path, bytes ?? new Uint8Array());
    await assert.rejects(async () => (await client).find('a/2'), Error, path);
    served.clear();
    for (const [name, right] of machine.published) served.set(name, right);
    assert.ok(await (await newClient()).find('a/2'));
  };

  // A rollback, for a client that has seen more.
  await change('timestamp.json', old.get('timestamp.json'), Promise.resolve(seen));
  // A mix of two publications.
  await change('2.repository~a.json', old.get('1.repository~a.json'));
  await change('2.snapshot.json', old.get('1.snapshot.json'));
  // Endless data.
  await change('timestamp.json', Buffer.alloc(20_000, ' '));
  await change('2.targets.json', Buffer.alloc(6_000_000, ' '));
  // One stolen root key of three, where two have to sign.
  const stolen = keyring.root.slice(0, 1);
  const thief = { ...createTufKeyring(), root: [...stolen, ...createTufKeyring().root] };
  await change('2.root.json', (await makeRoot(thief, thief.root, now + 9000 * hour, first.root)).bytes);
  // A timestamp by somebody else, and one that has expired.
  const { signed } = readStrictMetadata(
    machine.published.get('timestamp.json') ?? new Uint8Array(),
    'timestamp',
    'test',
  );
  await change('timestamp.json', (await sealMetadata(signed, thief.timestamp)).bytes);
  const past = { ...signed, version: 9, expires: '2020-01-01T00:00:00Z' };
  await change('timestamp.json', (await sealMetadata(past, keyring.timestamp)).bytes);
});
