import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type IncomingMessage, type OutgoingHttpHeaders, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { after, before, describe, it } from 'node:test';
import { createSkopeoClient } from './harness/clients/skopeo-client.ts';
import { describeResult } from './harness/command.ts';
import { startNginx } from './harness/nginx-mirror.ts';
import { findFreePort } from './harness/ports.ts';
import { buildFourPlatforms, type FourPlatforms } from './harness/program-image.ts';
import { keepLogsOfFailures } from './harness/keep-logs.ts';
import { requirements } from './harness/requirements.ts';
import {
  accessesSince,
  markAccesses,
  startStaticMirrors,
  type StaticMirrors,
  untilAllAreIn,
} from './harness/static-mirrors.ts';
import { createWorld, mirrorAddresses, registryName, type World } from './harness/world.ts';

const needs = requirements('gpg', 'nginx', 'rsync', 'skopeo');
/** From where the proxy connects to the Mirror List. */
const proxyAddress = '127.0.3.1';

describe('behind nginx that speaks TLS for it, the Mirror List', needs, () => {
  let world: World;
  let image: FourPlatforms;
  let mirrors: StaticMirrors;
  let front: { readonly address: string; readonly port: number };

  before(async () => {
    world = await createWorld({ trustedProxies: [`${proxyAddress}/32`] });
    image = await buildFourPlatforms(world.work);
    await world.signpost.publish(`oci:${image.layout}`, 'demo/esbuild:1.0');
    await world.signpost.sign(world.key);
    mirrors = await startStaticMirrors(world, { germany: 'DE', america: 'US' });
    const serving = world.parts.use(await world.signpost.serve());
    await untilAllAreIn(serving, mirrors.keys());
    front = await startFront();
    world.hosts.set(`${registryName}:443`, front);
  });
  after(async () => {
    await world[Symbol.asyncDispose]();
  });
  keepLogsOfFailures(() => world);

  it('sends a stock client to the mirror of its own place', async () => {
    const client = createSkopeoClient(world.work, await world.createPlace('skopeo', 'US'));
    const marks = markAccesses(mirrors);
    const result = await client.pull(`${registryName}/demo/esbuild:1.0`, { platform: 'linux/amd64' });
    assert.equal(result.status, 0, describeResult(result));
    const accesses = accessesSince(mirrors, marks);
    assert.ok((accesses.get('america') ?? []).length > 0);
    assert.deepEqual(accesses.get('germany'), []);
  });

  for (const [what, headers] of spoofs()) {
    it(`is not misled by a client that sends ${what}`, async () => {
      assert.equal(await mirrorFor('front', headers), 'germany');
    });
  }

  for (const [what, headers] of spoofs()) {
    it(`is not misled by ${what} from somebody who passes by the proxy`, async () => {
      assert.equal(await mirrorFor('backend', headers), 'germany');
    });
  }

  it('believes the proxy and nobody else: the same headers from its own address count', async () => {
    const location = await ask('backend', { 'x-forwarded-for': world.newAddress('US') }, proxyAddress);
    assert.equal(mirrorOf(location), 'america');
  });

  /** Headers with which a client may claim to be in America. */
  function spoofs(): [string, OutgoingHttpHeaders][] {
    const american = '127.21.9.200';
    return [
      ['X-Forwarded-For', { 'x-forwarded-for': american }],
      ['a chain in X-Forwarded-For', { 'x-forwarded-for': `${american}, ${proxyAddress}, ${american}` }],
      ['several X-Forwarded-For lines', { 'x-forwarded-for': [american, american] }],
      ['a mapped address in X-Forwarded-For', { 'x-forwarded-for': `::ffff:${american}` }],
      ['nonsense in X-Forwarded-For', { 'x-forwarded-for': `${american},,"unknown", ${'9'.repeat(3000)}` }],
      [
        'Forwarded, X-Real-IP and their like',
        {
          forwarded: `for=${american}`,
          'x-real-ip': american,
          'x-client-ip': american,
          'cf-connecting-ip': american,
          'true-client-ip': american,
        },
      ],
    ];
  }

  async function mirrorFor(door: 'front' | 'backend', headers: OutgoingHttpHeaders) {
    return mirrorOf(await ask(door, headers, world.newAddress('DE')));
  }

  function mirrorOf(location: string): string | undefined {
    return [...mirrors.values()].find(({ url }) => location.startsWith(`${url}/`))?.name;
  }

  /** Where a client at `from` is sent for a blob. */
  async function ask(door: 'front' | 'backend', headers: OutgoingHttpHeaders, from: string): Promise<string> {
    const layer = image.platforms[0]?.layers[0]?.digest ?? '';
    const path = `/v2/demo/esbuild/blobs/${layer}`;
    const common = {
      path,
      localAddress: from,
      agent: false,
      headers: { host: registryName, ...headers },
    } as const;
    const asked =
      door === 'front'
        ? requestHttps({
            ...common,
            host: front.address,
            port: front.port,
            servername: registryName,
            ca: readFileSync(world.certificates.authority),
          })
        : requestHttp({ ...common, host: '127.0.0.1', port: world.port });
    asked.end();
    const [response] = (await once(asked, 'response')) as [IncomingMessage];
    response.resume();
    assert.equal(response.statusCode, 307);
    return response.headers.location ?? '';
  }

  async function startFront() {
    const address = mirrorAddresses.at(-1) ?? '';
    const port = await findFreePort(address);
    const { certificate, key } = world.certificates;
    world.parts.use(
      await startNginx(
        world.work,
        'front',
        [
          `listen ${address}:${port} ssl; ssl_certificate ${certificate}; ssl_certificate_key ${key};`,
          `location / { proxy_pass http://127.0.0.1:${world.port}; proxy_bind ${proxyAddress};`,
          'proxy_set_header Host $host; proxy_set_header X-Forwarded-Proto $scheme;',
          'proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; }',
        ],
        world.work.file('front-access.log'),
      ),
    );
    return { address, port };
  }
});
