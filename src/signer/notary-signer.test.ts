import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createLoopbackCertificate } from '../../test/fakes/loopback-certificate.ts';
import { createNotaryKeyring, createNotaryMachine, makeNotaryRoot } from '../../test/fakes/notary-world.ts';
import { hour, tufTag } from '../../test/fakes/tuf-world.ts';
import { digestHex } from '../oci/digest.ts';

const now = Date.now();
const installed = spawnSync('notary', ['version']).status === 0;

test(
  'the notary client believes the files, follows a new root, and refuses what is old, foreign or expired',
  { skip: installed ? false : 'notary is not installed' },
  async (t) => {
    const { authority, certificate, key } = await createLoopbackCertificate();
    const served = new Map<string, Uint8Array>();
    const server = createServer({ cert: certificate, key }, (request, response) => {
      const bytes = served.get(decodeURIComponent((request.url ?? '').slice('/v2/'.length)));
      response.writeHead(bytes === undefined && request.url !== '/v2/' ? 404 : 200);
      response.end(bytes);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const folder = await mkdtemp(join(tmpdir(), 'signpost-notary-'));
    t.after(async () => {
      server.close();
      server.closeAllConnections();
      await rm(folder, { recursive: true, force: true });
    });
    await writeFile(join(folder, 'ca.pem'), authority);
    const host = `localhost:${(server.address() as AddressInfo).port}`;
    const notary = (client: string, ...words: readonly string[]) =>
      new Promise<string>((resolve, reject) => {
        const options = [
          '-d',
          join(folder, client),
          '-s',
          `https://${host}`,
          '--tlscacert',
          join(folder, 'ca.pem'),
        ];
        execFile('notary', [...options, ...words], { timeout: 30_000 }, (error, out) => {
          if (error === null) resolve(out);
          else reject(new Error(error.message));
        });
      });
    const publish = (files: ReadonlyMap<string, Uint8Array>) => {
      served.clear();
      for (const [path, bytes] of files) served.set(path, bytes);
    };

    const keyring = await createNotaryKeyring(`${host}/*`, now);
    const root = await makeNotaryRoot(keyring, now + 9000 * hour);
    const machine = createNotaryMachine(host);
    const name = `${host}/fedora/base`;
    await machine.sign(keyring, [root.bytes], ['fedora/base:41', 'fedora/base:latest'], now);
    const old = new Map(machine.published);
    publish(old);
    const digest = digestHex(tufTag('fedora/base:41').list);
    assert.match(await notary('one', 'lookup', name, '41'), new RegExp(`^41 sha256:${digest} 14\n$`));
    assert.match(await notary('one', 'list', name), /\nlatest +[0-9a-f]{64} +18 +targets\/releases\n/);
    await assert.rejects(notary('one', 'lookup', name, '40'));

    const later = await createNotaryKeyring(`${host}/*`, now);
    const next = await makeNotaryRoot(later, now + 9000 * hour, root.root, [keyring, later]);
    await machine.sign(later, [root.bytes, next.bytes], ['fedora/base:42'], now);
    publish(machine.published);
    assert.match(await notary('one', 'list', name), /\n42 /);
    publish(old);
    await assert.rejects(notary('one', 'lookup', name, '41'), 'an older state');

    const stranger = await createNotaryKeyring(`${host}/*`, now);
    const strange = createNotaryMachine(host);
    const other = await makeNotaryRoot(stranger, now + 9000 * hour);
    await strange.sign(stranger, [other.bytes], ['fedora/base:41'], now);
    publish(strange.published);
    await assert.rejects(notary('one', 'lookup', name, '41'), 'another root');

    const stale = createNotaryMachine(host);
    await stale.sign(keyring, [root.bytes], ['fedora/base:41'], now - 21 * hour);
    publish(stale.published);
    await assert.rejects(notary('two', 'lookup', name, '41'), 'a frozen state');
  },
);
