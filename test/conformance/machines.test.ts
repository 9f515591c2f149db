import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, type IncomingMessage, get } from 'node:http';
import { after, before, suite, test } from 'node:test';
import type { Digest } from '../../src/oci/digest.ts';
import { numberedMirror } from '../fakes/mirrors.ts';
import { loopback, type RegistryUnderTest, startRegistry } from './registry-under-test.ts';

const repository = 'fedora/base';
const mirrors = [1, 2, 3, 4].map((number) =>
  numberedMirror(number, { urls: [`http://m${number}.example.org`] }),
);

/** Real connections from one address: the registry sees no more of them than of those of machines behind a router. */
suite('Several machines behind one address', () => {
  let registry: RegistryUnderTest;
  let digest: Digest;
  let now = 1_700_000_000_000;
  const agents: Agent[] = [];
  before(async () => {
    registry = await startRegistry({ mirrors, now: () => now });
  });
  after(async () => {
    for (const agent of agents) agent.destroy();
    await registry[Symbol.asyncDispose]();
  });

  const machine = (options: { readonly keepAlive?: boolean } = {}) => {
    const agent = new Agent(options.keepAlive === false ? {} : { keepAlive: true, maxSockets: 1 });
    agents.push(agent);
    const ask = async (path: string, headers: Record<string, string> = {}) => {
      now += 700;
      const [response] = (await once(get(`${registry.url}${path}`, { agent, headers }), 'response')) as [
        IncomingMessage,
      ];
      response.resume();
      await once(response, 'end');
      return response.headers.location;
    };
    return {
      agent,
      begin: () => ask('/v2/'),
      blob: (headers?: Record<string, string>) => ask(`/v2/${repository}/blobs/${digest}`, headers),
    };
  };
  const publish = async (content: string) => {
    digest = await registry.publishBlob(repository, Buffer.alloc(100_000, content));
  };

  test('are sent to the same mirror, and each is led around one that fails it', async () => {
    await publish('pulls');
    const machines = Array.from({ length: 8 }, () => machine());
    for (const one of machines) await one.begin();
    const first = await Promise.all(machines.map((one) => one.blob()));
    assert.equal(new Set(first).size, 1);
    assert.ok(first[0]?.startsWith('http://m'));
    assert.equal(registry.suspects.length, 0);
    const [failed, other] = machines;
    assert.notEqual(await failed?.blob(), first[0]);
    assert.notEqual(await other?.blob(), first[0]);
    assert.equal(registry.suspects.length, 2);
  });

  test('are told apart without having asked for a manifest, and by their User-Agent', async () => {
    await publish('blobs alone');
    const first = await machine().blob();
    assert.equal(await machine().blob(), first);
    assert.equal(await machine({ keepAlive: false }).blob({ 'user-agent': 'another program' }), first);
  });

  test('a program that ends and is started again is the same client', async () => {
    await publish('podman');
    const before = machine();
    const first = await before.blob();
    before.agent.destroy();
    // The server notices in its own time.
    let again = first;
    for (let tries = 0; again === first && tries < 200; tries += 1) {
      const next = machine();
      again = await next.blob();
      next.agent.destroy();
    }
    assert.notEqual(again, first);
  });

  test('behind a trusted proxy the connections are nobody’s', async () => {
    await using proxied = await startRegistry({
      mirrors,
      settings: { trustedProxies: [loopback] },
      now: () => now,
    });
    const blob = await proxied.publishBlob(repository, Buffer.alloc(100_000, 'proxied'));
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    agents.push(agent);
    const from = async (address: string) => {
      now += 700;
      const headers = { 'x-forwarded-for': address };
      const asked = get(`${proxied.url}/v2/${repository}/blobs/${blob}`, { agent, headers });
      const [response] = (await once(asked, 'response')) as [IncomingMessage];
      response.resume();
      await once(response, 'end');
      return response.headers.location;
    };
    const first = await from('192.0.2.1');
    assert.equal(await from('192.0.2.2'), first);
    assert.notEqual(await from('192.0.2.1'), first);
  });
});
