import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, suite, test } from 'node:test';
import { parseNetblock } from '../../src/net/netblock.ts';
import { type Digest, digestOf } from '../../src/oci/digest.ts';
import { buildImage, buildList } from '../fakes/image-builder.ts';
import { numberedMirror } from '../fakes/mirrors.ts';
import {
  type Answer,
  japan,
  loopback,
  registryName,
  type RegistryUnderTest,
  startRegistry,
} from './registry-under-test.ts';

const repository = 'fedora/base';
const large = Buffer.alloc(300_000, 'large ');
const mirrors = [
  numberedMirror(1, { country: 'DE', site: 'University of Example' }),
  numberedMirror(2, {
    country: 'DE',
    urls: ['https://two.example.org:8443/a&b', 'http://plain.example.org'],
  }),
  numberedMirror(3, { country: 'JP' }),
  numberedMirror(4, { country: 'DE', kind: 'private', netblocks: [parseNetblock('192.0.2.0/24')] }),
  numberedMirror(5, { country: 'DE', approved: false }),
  numberedMirror(6, { country: 'DE', enabled: false }),
];

const settings = { trustedProxies: [loopback], alternatives: 8 };

suite('Where a blob is, said to clients', () => {
  let registry: RegistryUnderTest;
  let digest: Digest;
  let path: string;
  before(async () => {
    registry = await startRegistry({ mirrors, settings });
    digest = await registry.publishBlob(repository, large);
    path = `/v2/${repository}/blobs/${digest}`;
  });
  after(() => registry[Symbol.asyncDispose]());
  const from = (address: string, more: Record<string, string> = {}) => ({
    headers: { 'x-forwarded-for': address, ...more },
  });
  // Of one network each, but never the same client: one that asks again is sent elsewhere for that.
  let clients = 100;
  const redirectOf = async (more: Record<string, string> = {}) =>
    (await registry.ask(path, from(`127.0.0.${(clients += 1)}`, more))).headers.location;

  test('a Metalink, by Accept and by suffix: RFC 5854', async () => {
    const byAccept = await registry.ask(
      path,
      from('127.0.0.1', { accept: '*/*, application/metalink4+xml' }),
    );
    const bySuffix = await registry.ask(`${path}.meta4`, from('127.0.0.1'));
    const text = byAccept.body.toString();
    assert.equal(bySuffix.body.toString(), text);
    assert.equal(byAccept.headers['content-type'], 'application/metalink4+xml');
    assert.equal(byAccept.headers.vary, 'Accept');
    const hex = createHash('sha256').update(large).digest('hex');
    assert.match(
      text,
      /^<\?xml version="1\.0" encoding="UTF-8"\?>\n<metalink xmlns="urn:ietf:params:xml:ns:metalink">/,
    );
    assert.ok(text.includes(`<size>${large.length}</size>`));
    assert.ok(text.includes(`<hash type="sha-256">${hex}</hash>`));
    const urls = [...text.matchAll(/<url(?: location="(..)")? priority="(\d+)">([^<]*)<\/url>/g)];
    assert.deepEqual(
      urls.map(([, country, priority]) => [country, priority]),
      [
        ['de', '1'],
        ['de', '2'],
        ['jp', '3'],
        [undefined, '4'],
      ],
    );
    assert.equal(urls[3]?.[3], `http://${registryName}${path}`);
    assert.ok(text.includes(`https://two.example.org:8443/a&#38;b${path}<`));
    const location = await redirectOf();
    assert.equal(urls[0]?.[3]?.replace('&#38;', '&'), location, 'the first is where the client is sent');
  });

  test('nobody gets a Metalink who did not name it', async () => {
    for (const accept of ['*/*', 'application/*', 'application/metalink4+xml;q=0', 'text/xml']) {
      assert.equal((await registry.ask(path, from('127.0.0.1', { accept }))).status, 307, accept);
    }
    assert.equal((await registry.ask(`${path.replace(digest, digestOf('absent'))}.meta4`)).status, 404);
    const head = await registry.ask(`${path}.meta4`, { method: 'HEAD' });
    assert.equal(head.status, 200);
    assert.equal(head.body.length, 0);
  });

  test('no answer leads anywhere by the Host header, which a proxy or a stranger may have written', async () => {
    await registry.publish('fedora/tagged', ['1', '2'], buildList([buildImage()]));
    const forged = { host: 'forged.example:8080', 'x-forwarded-host': 'forged.example' };
    const secure = { ...forged, 'x-forwarded-proto': 'https' };
    const metalink = await registry.ask(`${path}.meta4`, from('127.0.0.1', secure));
    assert.match(metalink.body.toString(), new RegExp(`priority="\\d">https://${registryName}${path}</url>`));
    const paths = [
      path,
      `${path}.meta4`,
      `${path}?trace`,
      `/v2/fedora/tagged/tags/list?n=1`,
      '/mirrors.json',
    ];
    for (const asked of [...paths, `/mirrors/${repository}`, '/v2/', '/nowhere']) {
      for (const method of ['GET', 'HEAD']) {
        const { headers, body } = await registry.ask(asked, { method, ...from('127.0.0.9', forged) });
        assert.ok(!`${JSON.stringify(headers)}${body.toString()}`.includes('forged'), asked);
      }
    }
  });

  test('HEAD and the bytes themselves say where their Metalink is', async () => {
    const { headers } = await registry.ask(path, { method: 'HEAD' });
    assert.equal(headers.link, `<${path}.meta4>; rel=describedby; type="application/metalink4+xml"`);
    assert.equal(headers['repr-digest'], `sha-256=:${createHash('sha256').update(large).digest('base64')}:`);
  });

  test('a client says which mirrors it does not want, by name or by host', async () => {
    const both = await Promise.all([
      redirectOf({ 'signpost-avoid': 'mirror-1' }),
      redirectOf({ 'signpost-avoid': ' two.example.org , unknown' }),
    ]);
    assert.equal(both[0], `https://two.example.org:8443/a&b${path}`);
    assert.equal(both[1], `https://mirror-1.example.org/images${path}`);
    const all = await registry.ask(
      path,
      from('127.0.0.1', { 'signpost-avoid': 'mirror-1,mirror-2,mirror-3' }),
    );
    assert.equal(all.status, 200);
    assert.deepEqual(all.body, large);
    for (const header of ['a,'.repeat(8), 'a'.repeat(1025)]) {
      const refused = await registry.ask(path, from('127.0.0.1', { 'signpost-avoid': header }));
      assert.equal(refused.status, 400);
      assert.match(refused.body.toString(), /Signpost-Avoid/);
    }
  });

  test('why a client is sent where it is, for its own address only', async () => {
    const trace = await registry.ask(`${path}?trace&ip=198.51.100.7`, from('127.0.0.1'));
    assert.equal(trace.status, 200);
    const text = trace.body.toString();
    assert.match(text, /^Client 127\.0\.0\.1 over http: DE \(test\)\n/);
    assert.match(text, /mirror-1 +country/);
    assert.match(text, /mirror-3 +anywhere/);
    for (const hidden of [4, 5, 6]) assert.ok(!text.includes(`mirror-${hidden}`), text);
    const json = await registry.ask(`${path}?trace`, from(japan, { accept: 'application/json' }));
    const told = json.json() as { ranked: { name: string }[]; client: { place: { country: string } } };
    assert.equal(told.client.place.country, 'JP');
    assert.equal(told.ranked[0]?.name, 'mirror-3');
    const own = await registry.ask(`${path}?trace`, from('192.0.2.7'));
    assert.match(own.body.toString(), /mirror-4 +netblock/);
  });

  test('a list of mirrors for a repository, with how the client was placed', async () => {
    const answer = await registry.ask(`/mirrors/${repository}`, from('127.0.0.1'));
    assert.equal(answer.headers['content-type'], 'text/plain; charset=utf-8');
    const lines = answer.body.toString().trimEnd().split('\n');
    assert.equal(lines[0], '# repository = fedora/base, serial = 1');
    assert.equal(lines[1], '# client = 127.0.0.1 over http: DE (test)');
    assert.deepEqual(
      lines.filter((line) => line.startsWith('# tier')),
      ['# tier = country', '# tier = anywhere'],
    );
    assert.equal(lines.at(-1), 'https://mirror-3.example.org/images/v2/fedora/base/');
    assert.equal(lines.filter((line) => line.startsWith('http')).length, 3);
    assert.equal((await registry.ask('/mirrors/no/such')).status, 404);
    assert.equal((await registry.ask('/mirrors/No')).status, 400);
  });

  test('all public mirrors, with a stable list of hosts', async () => {
    const answer = await registry.ask('/mirrors.json');
    const list = answer.json() as { mirrors: { name: string; site?: string }[]; hosts: string[] };
    assert.deepEqual(
      list.mirrors.map(({ name }) => name),
      ['mirror-1', 'mirror-2', 'mirror-3'],
    );
    assert.deepEqual(list.hosts, [
      'mirror-1.example.org',
      'mirror-3.example.org',
      'plain.example.org',
      'two.example.org',
    ]);
    assert.equal(list.mirrors[0]?.site, 'University of Example');
    const etag = String(answer.headers.etag);
    assert.equal((await registry.ask('/mirrors.json', { headers: { 'if-none-match': etag } })).status, 304);
  });

  test('explanations are given to each network a few at a time, and to all together no more than are good', async () => {
    await using registry = await startRegistry({ mirrors, settings, now: () => 1_700_000_000_000 });
    const digest = await registry.publishBlob(repository, large);
    const ask = (address: string) => registry.ask(`/v2/${repository}/blobs/${digest}?trace`, from(address));
    const greedy: Answer[] = [];
    for (let host = 0; host < 30; host += 1) greedy.push(await ask(`192.0.2.${host}`));
    assert.deepEqual(
      greedy.map(({ status }) => status),
      Array.from({ length: 30 }, (_, host) => (host < 20 ? 200 : 429)),
    );
    assert.equal(greedy.at(-1)?.headers['retry-after'], '1');
    assert.match(greedy.at(-1)?.body.toString() ?? '', /TOOMANYREQUESTS/);
    assert.equal((await ask(japan)).status, 200);
    const others: number[] = [];
    for (let network = 0; network < 40; network += 1) others.push((await ask(`10.0.${network}.1`)).status);
    assert.deepEqual(
      others,
      Array.from({ length: 40 }, (_, network) => (network < 29 ? 200 : 503)),
    );
  });
});
