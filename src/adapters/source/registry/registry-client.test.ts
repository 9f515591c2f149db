import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { describe, test } from 'node:test';
import { fails } from '../../../../test/fakes/expect-error.ts';
import {
  noiseLayer,
  readLayer,
  registryImages,
  startRegistry,
  withRegistry,
  withTlsRegistry,
} from '../../../../test/fakes/registry-fixture.ts';
import { startRegistryServer } from '../../../../test/fakes/registry-server.ts';
import { digestOf } from '../../../oci/digest.ts';
import { parseImageSource } from '../../../oci/image-source-name.ts';
import { createRegistrySource } from './registry-source.ts';

describe('redirects', () => {
  test('credentials never go to another host', async () => {
    const other = await startRegistryServer(registryImages);
    const redirectBlobs = (path: string) => `http://${other.host}${path}`;
    const { source, end } = await startRegistry({ bearer: {}, redirectBlobs });
    assert.equal(digestOf(await readLayer(source)), noiseLayer.digest);
    assert.ok(other.seen.length > 0);
    assert.ok(other.seen.every(({ headers }) => headers.authorization === undefined));
    await end();
    await other.close();
  });

  withRegistry(
    'endless ones are not followed for ever',
    { redirectBlobs: (path) => path },
    async (source, server) => {
      await assert.rejects(readLayer(source), fails('SOURCE_INVALID', 'more than 5 times'));
      assert.equal(server.seen.length, 6);
    },
  );

  for (const target of ['ftp://127.0.0.1/', 'file:///etc/passwd', 'http://user:pw@127.0.0.1/', 'http://']) {
    withRegistry(`to ${target} are refused`, { redirectBlobs: () => target }, async (source) => {
      await assert.rejects(readLayer(source), fails('SOURCE_INVALID', 'expected an http URL'));
    });
  }

  withTlsRegistry(
    'from https to http are refused',
    { redirectBlobs: () => 'http://127.0.0.1:1/' },
    async (open, trusted) => {
      const source = await open(trusted);
      await source.root();
      await assert.rejects(readLayer(source), fails('SOURCE_INVALID', 'from https to http'));
    },
  );
});

describe('failures', () => {
  const failures = (...statuses: number[]) => statuses.map((status) => ({ status }));

  withRegistry(
    'passing ones are tried again',
    { failures: failures(503, 429, 500) },
    async (source, server) => {
      await source.root();
      assert.equal(server.seen.length, 4);
    },
  );

  withRegistry('lasting ones are told', { failures: failures(503, 503, 503, 503) }, async (source) => {
    await assert.rejects(source.root(), fails('UNAVAILABLE', 'status 503'));
  });

  withRegistry(
    'a 403 and a 404 are not tried again',
    { failures: failures(403, 404, 400) },
    async (source, server) => {
      await assert.rejects(source.root(), fails('DENIED', '403'));
      await assert.rejects(source.root(), fails('NOT_FOUND', '404'));
      await assert.rejects(source.root(), fails('SOURCE_INVALID', '400'));
      assert.equal(server.seen.length, 3);
    },
  );

  withRegistry(
    'a registry that asks for too much patience has failed',
    { failures: [{ status: 429, headers: { 'Retry-After': '3600' } }] },
    async (source) => {
      await assert.rejects(source.root(), fails('UNAVAILABLE', 'come back in 3600000 ms'));
    },
  );

  test('nobody there', async () => {
    const { source, end, server } = await startRegistry();
    await server.close();
    await assert.rejects(source.root(), fails('UNAVAILABLE', 'ECONNREFUSED'));
    await end();
  });

  test('a registry that never answers is given up', async () => {
    const silent = createServer(() => undefined);
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const address = silent.address();
    assert.ok(typeof address === 'object' && address !== null);
    const name = parseImageSource(`docker://127.0.0.1:${address.port}/a`);
    assert.ok(name.kind === 'registry');
    const source = await createRegistrySource(name, {
      tls: { plainHttp: true },
      retry: { attempts: 2, pause: 1 },
      patience: { headers: 50 },
    });
    await assert.rejects(source.root(), fails('UNAVAILABLE', 'within 50 ms'));
    await source.close();
    silent.close();
  });
});
