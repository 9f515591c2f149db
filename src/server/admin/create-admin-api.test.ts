import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { Validator } from '@seriousme/openapi-schema-validator';
import { type AdminWorld, createAdminWorld } from '../../../test/fakes/admin-world.ts';
import { author } from '../../../test/fakes/author.ts';
import { newMirror } from '../../../test/fakes/mirrors.ts';
import type { MirrorId } from '../../mirrors/mirror.ts';
import { bodyLimit } from './read-json-body.ts';

const uni = { name: 'uni', urls: ['https://uni.example.org'], country: 'DE' };

suite('the management API', () => {
  test('serves an OpenAPI document that is valid, to everybody', async () => {
    const world = createAdminWorld();
    const { status, body } = await world.ask('GET', '/openapi.json');
    assert.equal(status, 200);
    const validator = new Validator();
    assert.deepEqual(await validator.validate(body), { valid: true });
    assert.equal(validator.version, '3.1');
    assert.ok(Object.keys(body.paths as object).length > 8);
  });

  test('adds, shows, lists, changes, approves and removes mirrors, and writes down who did', async () => {
    const world = createAdminWorld();
    const token = await world.issue();
    const added = await world.ask('POST', '/mirrors', {
      token,
      body: {
        ...uni,
        approved: false,
        site: 'University',
        coordinates: { latitude: -33.5, longitude: 1e-7 },
        asns: [680],
        netblocks: ['192.0.2.0/24'],
        contact: 'ada@uni.example',
        webhook: 'https://uni.example.org/hook?secret=1',
      },
    });
    assert.equal(added.status, 201);
    assert.equal(added.headers.get('location'), '/mirrors/uni');
    const shown = await world.ask('GET', '/mirrors/uni', { token });
    assert.deepEqual(shown.body, added.body);
    assert.deepEqual(shown.body.coordinates, { latitude: -33.5, longitude: 1e-7 });
    assert.equal(shown.headers.get('etag'), added.headers.get('etag'));

    const etag = shown.headers.get('etag') ?? '';
    const changed = await world.ask('PATCH', '/mirrors/uni', {
      token,
      headers: { 'if-match': `"other", ${etag}` },
      body: { weight: 7, site: null, coordinates: null, name: 'university' },
    });
    assert.equal(changed.status, 200);
    assert.deepEqual(
      [changed.body.weight, changed.body.site, changed.body.coordinates],
      [7, undefined, undefined],
    );
    assert.notEqual(changed.headers.get('etag'), etag);
    assert.equal((await world.ask('POST', '/mirrors/university/approve', { token })).body.approved, true);

    const { body: page } = await world.ask('GET', '/mirrors', { token });
    const [item] = page.mirrors as { mirror: { name: string }; etag: string }[];
    assert.equal(item?.mirror.name, 'university');
    const removed = await world.ask('DELETE', '/mirrors/university', {
      token,
      headers: { 'if-match': item?.etag ?? '' },
    });
    assert.equal(removed.status, 204);
    assert.equal((await world.ask('GET', '/mirrors/university', { token })).status, 404);

    const { body: audit } = await world.ask('GET', '/audit', { token });
    const entries = audit.entries as { who: string; action: string; before: object; after: object }[];
    assert.deepEqual(
      entries.map(({ action }) => action),
      ['mirror.remove', 'mirror.change', 'mirror.change', 'mirror.add'],
    );
    assert.match(entries[0]?.who ?? '', /^token [0-9a-f]{16} \(Ada\)$/);
    assert.deepEqual([entries[1]?.before, entries[1]?.after], [{ approved: false }, { approved: true }]);
    assert.equal(JSON.stringify(audit).includes('secret'), false);
  });

  test('writes down that a webhook now leads elsewhere, and not where', async () => {
    const world = createAdminWorld();
    const token = await world.issue();
    await world.registry.add(
      newMirror({ name: 'uni', webhook: 'https://uni.example/hook?secret=1' }),
      author,
    );
    const body = { webhook: 'https://elsewhere.example/hook?secret=2' };
    const headers = { 'if-match': '*' };
    assert.equal((await world.ask('PATCH', '/mirrors/uni', { token, headers, body })).status, 200);
    assert.equal((await world.ask('PATCH', '/mirrors/uni', { token, headers, body })).status, 200);
    const entries = await world.audit.read(10);
    assert.deepEqual(
      entries.map(({ action }) => action),
      ['mirror.change', 'mirror.add'],
    );
    assert.deepEqual(Object.keys({ ...entries[0]?.before, ...entries[0]?.after }), ['webhook']);
    assert.equal(/secret|elsewhere/.test(JSON.stringify(entries)), false);
  });

  test('tells what was pulled, and how publications spread', async () => {
    const world = createAdminWorld();
    const token = await world.issue({ role: 'publisher' });
    const { body } = await world.ask('GET', '/statistics?by=country&since=2026-01-02&limit=5', { token });
    assert.deepEqual(body.sums, [{ of: 'DE', pulls: 3, blobs: 2, bytes: 1 }]);
    assert.equal((await world.ask('GET', '/statistics', { token })).body.since, '2025-12-11');
    assert.deepEqual(world.asked, [
      { dimension: 'country', by: 'value', since: '2026-01-02', limit: 5 },
      { dimension: 'client', by: 'day', since: '2025-12-11', limit: 100 },
    ]);
    for (const query of ['by=address', 'since=yesterday', 'since=2026-02-30', 'limit=0', 'limit=501']) {
      assert.equal((await world.ask('GET', `/statistics?${query}`, { token })).status, 400, query);
    }
    const spread = await world.ask('GET', '/propagation', { token });
    assert.deepEqual(spread.body.samples, [
      { serial: 1, at: '2026-01-10T12:00:00.000Z', holding: 2, mirrors: 3 },
    ]);
    assert.equal((await world.ask('GET', '/propagation?serials=51', { token })).status, 400);
  });

  test('does not let two managers overwrite each other', async () => {
    const world = createAdminWorld();
    const token = await world.issue();
    const { headers } = await world.ask('POST', '/mirrors', { token, body: uni });
    const stale = { token, headers: { 'if-match': headers.get('etag') ?? '' } };
    assert.equal((await world.ask('PATCH', '/mirrors/uni', { ...stale, body: { weight: 2 } })).status, 200);
    const second = await world.ask('PATCH', '/mirrors/uni', { ...stale, body: { weight: 3 } });
    assert.equal(second.status, 412);
    assert.equal((await world.ask('DELETE', '/mirrors/uni', stale)).status, 412);
    const weak = { token, headers: { 'if-match': `W/${headers.get('etag')}` } };
    assert.equal((await world.ask('PATCH', '/mirrors/uni', { ...weak, body: { weight: 3 } })).status, 412);
    assert.equal((await world.ask('PATCH', '/mirrors/uni', { token, body: { weight: 3 } })).status, 428);
    assert.equal((await world.ask('DELETE', '/mirrors/uni', { token })).status, 428);
    assert.equal((await world.ask('GET', '/mirrors/uni', { token })).body.weight, 2);
  });

  test('notices a change that somebody makes between its look and its change', async () => {
    const world = createAdminWorld();
    const token = await world.issue();
    const mirror = await world.registry.add(newMirror({ name: 'uni' }), author);
    const list = world.registry.list.bind(world.registry);
    world.registry.list = async () => {
      const seen = await list();
      world.registry.list = list;
      await world.registry.update(mirror, { ...mirror, weight: 55 }, author);
      return seen;
    };
    const ask = { token, headers: { 'if-match': '*' }, body: { weight: 3 } };
    assert.equal((await world.ask('PATCH', '/mirrors/uni', ask)).status, 412);
    assert.equal((await world.registry.list())[0]?.weight, 55);
  });

  test('refuses bad mirrors by the rules of the command line, and changes nothing', async () => {
    const world = createAdminWorld();
    const token = await world.issue();
    await world.ask('POST', '/mirrors', { token, body: { ...uni, netblocks: ['192.0.2.0/24'] } });
    const other = { name: 'other', urls: ['https://other.example.org'], country: 'DE' };
    const cases: readonly [object, RegExp][] = [
      [{ ...other, urls: ['https://me:secret@other.example.org'] }, /user and password/],
      [{ ...other, urls: ['https://other.example.org/#top'] }, /no "#"/],
      [{ ...other, urls: ['https://127.0.0.1'] }, /loopback/],
      [{ ...other, urls: ['https://[::ffff:10.0.0.1]/'] }, /private/],
      [{ ...other, urls: ['http://169.254.169.254/'] }, /metadata/],
      [{ ...other, urls: ['https://localhost/'] }, /loopback/],
      [{ ...other, urls: ['https://inside.example'] }, /leads to 10\.0\.0\.1/],
      [{ ...other, urls: ['ftp://other.example.org'] }, /cannot be a mirror's URL/],
      [{ ...other, urls: [] }, /needs a URL/],
      [{ ...other, urls: 'https://other.example.org' }, /body\.urls/],
      [{ ...other, urls: ['https://uni.example.org/'] }, /of the mirror "uni" already/],
      [{ ...other, name: 'uni' }, /"uni" already/],
      [{ ...other, name: 'Uni Example' }, /not a mirror's name/],
      [{ ...other, name: undefined }, /body\.name/],
      [{ ...other, netblocks: ['192.0.2.1/24'] }, /did you mean "192\.0\.2\.0\/24"/],
      [{ ...other, netblocks: ['0.0.0.0/0'] }, /is the whole Internet/],
      [{ ...other, netblocks: ['192.0.2.128/25'] }, /overlaps "192\.0\.2\.0\/24" of the mirror "uni"/],
      [{ ...other, asns: [0] }, /1 to 4294967295/],
      [{ ...other, asns: [4_294_967_296] }, /1 to 4294967295/],
      [{ ...other, asns: [1.5] }, /body\.asns\.0/],
      [{ ...other, weight: 0 }, /1 to 1000000/],
      [{ ...other, weight: 1e300 }, /body\.weight/],
      [{ ...other, country: 'ZZ' }, /not a country/],
      [{ ...other, coordinates: { latitude: 91, longitude: 0 } }, /-90 to 90/],
      [{ ...other, coordinates: { latitude: 1e300, longitude: 0 } }, /coordinates/],
      [{ ...other, kind: 'private' }, /netblocks/],
      [{ ...other, webhook: 'http://10.0.0.1/' }, /private/],
      [{ ...other, id: 7 }, /id/],
      [{ ...other, nonsense: true }, /nonsense/],
      [[other], /body/],
    ];
    for (const [body, message] of cases) {
      const answer = await world.ask('POST', '/mirrors', { token, body });
      assert.equal(answer.status, 422, JSON.stringify(body));
      assert.match(String(answer.body.detail), message);
    }
    assert.equal((await world.registry.list()).length, 1);
    assert.equal((await world.audit.read(10)).length, 1);
    const shared = { token, body: { ...other, netblocks: ['192.0.2.128/25'] } };
    assert.equal((await world.ask('POST', '/mirrors?shareNetblocks=true', shared)).status, 201);
    // The same when a mirror is changed.
    const wrong = { token, headers: { 'if-match': '*' }, body: { urls: ['https://inside.example'] } };
    assert.match(String((await world.ask('PATCH', '/mirrors/uni', wrong)).body.detail), /10\.0\.0\.1/);
  });

  test('pages through mirrors, and lists no more than asked for', async () => {
    const world = createAdminWorld();
    const token = await world.issue();
    for (const name of ['c', 'a', 'b']) await world.registry.add(newMirror({ name }), author);
    const first = await world.ask('GET', '/mirrors?limit=2', { token });
    assert.equal(first.body.next, 'b');
    const second = await world.ask('GET', '/mirrors?limit=2&after=b', { token });
    assert.deepEqual([second.body.next, (second.body.mirrors as object[]).length], [undefined, 1]);
    for (const wrong of ['limit=0', 'limit=501', 'limit=x', 'limit=1.5', 'nonsense=1']) {
      assert.equal((await world.ask('GET', `/mirrors?${wrong}`, { token })).status, 400, wrong);
    }
  });

  test('shows publications, repositories, tags, staged images and how things are', async () => {
    const world = createAdminWorld();
    const token = await world.issue({ role: 'publisher' });
    const { id } = await world.registry.add(newMirror({ name: 'uni', contact: 'ada@uni.example' }), author);
    world.states.set(id, { healthy: true, since: 0, serial: 1, ipv4: true });
    const get = async (path: string) => {
      const { status, body } = await world.ask('GET', path, { token });
      assert.equal(status, 200, JSON.stringify(body));
      return body;
    };
    assert.deepEqual((await get('/publications')).publications, [
      { serial: 1, published: '1970-01-01T00:00:01.000Z' },
    ]);
    assert.deepEqual(await get('/publications?limit=1'), {
      publications: [{ serial: 1, published: '1970-01-01T00:00:01.000Z' }],
      next: 1,
    });
    assert.deepEqual((await get('/repositories')).repositories, [{ repository: 'fedora/base', serial: 1 }]);
    const { tags } = await get('/tags?repository=fedora/base');
    assert.deepEqual(
      (tags as { tag: string; expires: string }[]).map(({ tag, expires }) => [tag, expires]),
      [['41', '2026-01-11T12:00:00.000Z']],
    );
    assert.equal(((await get('/staged')).images as object[]).length, 1);
    assert.deepEqual((await get('/staged?after=fedora/base:41')).images, []);
    assert.deepEqual(await get('/status'), {
      version: '1.2.3',
      serial: 1,
      mirrors: { total: 1, enabled: 1, healthy: 1 },
    });
    assert.equal((await get('/mirrors/uni/health')).healthy, true);
    const happened = { mirror: id, at: 5000, detail: 'timeout' };
    await world.history.add([
      { ...happened, kind: 'out' },
      { ...happened, kind: 'in' },
    ]);
    const { events, next } = await get('/mirrors/uni/history?limit=1');
    assert.deepEqual(events, [{ number: 2, at: '1970-01-01T00:00:05.000Z', kind: 'in', detail: 'timeout' }]);
    assert.equal(((await get(`/mirrors/uni/history?before=${String(next)}`)).events as object[]).length, 1);
    assert.equal('contact' in (await get('/mirrors/uni')), false);
    assert.equal((await world.ask('GET', '/tags?repository=../etc', { token })).status, 400);
    assert.equal((await world.ask('GET', '/tags', { token })).status, 400);
  });

  test('takes reports, and believes none of the future', async () => {
    const world = createAdminWorld();
    const { id } = await world.registry.add(newMirror({ name: 'uni' }), author);
    const token = await world.issue({ role: 'mirror', mirror: id });
    const report = (body: unknown) => world.ask('POST', '/mirrors/uni/report', { token, body });
    const at = new Date(world.clock.time).toISOString();
    assert.deepEqual((await report({ serial: 1 })).body, { at, checked: true, serial: 0, newest: 1 });
    assert.equal((await report({})).status, 202);
    assert.equal((await report({ serial: 2 })).status, 422);
    assert.equal((await report({ serial: -1 })).status, 422);
    assert.equal((await report({ serial: 1e300 })).status, 422);
    assert.deepEqual(
      world.reports.map(({ serial }) => serial),
      [1, undefined],
    );
    const [mirror = fail()] = await world.registry.list();
    await world.registry.update(mirror, { ...mirror, approved: false }, author);
    assert.equal((await report({ serial: 1 })).status, 409);
  });
});

suite('who may use the management API', () => {
  const reading = [
    '/mirrors',
    '/mirrors/uni',
    '/mirrors/uni/health',
    '/status',
    '/publications',
    '/repositories',
  ];

  async function createUni(world: AdminWorld) {
    const { id } = await world.registry.add(newMirror({ name: 'uni' }), author);
    world.states.set(id, { healthy: false, reason: 'timeout', since: 0, serial: 0 });
    return id;
  }

  test('nobody without a token, or with one that is wrong, changed, expired or revoked, and all get one answer', async () => {
    const world = createAdminWorld();
    await createUni(world);
    const good = await world.issue();
    const expired = await world.issue({ expires: world.clock.time });
    const revoked = await world.issue({ revoked: world.clock.time - 1 });
    const unknown = good.replace(/_[0-9a-f]{16}_/, '_0000000000000000_');
    const changed = `${good.slice(0, -2)}${good.endsWith('AA') ? 'BB' : 'AA'}`;
    const answers = new Set<string>();
    for (const token of [
      undefined,
      '',
      'x',
      expired,
      revoked,
      unknown,
      changed,
      `${good}x`,
      'x'.repeat(9000),
    ]) {
      const { status, body, headers } = await world.ask(
        'GET',
        '/mirrors',
        token === undefined ? {} : { token },
      );
      assert.equal(status, 401, token ?? 'no token');
      assert.equal(headers.get('www-authenticate'), 'Bearer realm="signpost"');
      answers.add(JSON.stringify(body));
    }
    assert.equal(answers.size, 1);
    const basic = { headers: { authorization: `Basic ${good}` } };
    assert.equal((await world.ask('GET', '/mirrors', basic)).status, 401);
    assert.equal((await world.ask('GET', '/mirrors', { token: good })).status, 200);
  });

  test('a publisher looks and changes nothing', async () => {
    const world = createAdminWorld();
    await createUni(world);
    const token = await world.issue({ role: 'publisher' });
    for (const path of reading) assert.equal((await world.ask('GET', path, { token })).status, 200, path);
    const before = await world.registry.list();
    assert.equal((await world.ask('POST', '/mirrors', { token, body: uni })).status, 403);
    const patch = { token, headers: { 'if-match': '*' }, body: { weight: 1 } };
    assert.equal((await world.ask('PATCH', '/mirrors/uni', patch)).status, 403);
    assert.equal((await world.ask('DELETE', '/mirrors/uni', patch)).status, 403);
    assert.equal((await world.ask('POST', '/mirrors/uni/approve', { token })).status, 403);
    assert.equal((await world.ask('POST', '/mirrors/uni/report', { token, body: {} })).status, 403);
    assert.equal((await world.ask('GET', '/audit', { token })).status, 403);
    assert.equal((await world.ask('GET', '/mirrors/uni/webhook-secret', { token })).status, 403);
    assert.deepEqual(await world.registry.list(), before);
  });

  test('a mirror speaks for itself alone, and learns nothing of others', async () => {
    const world = createAdminWorld();
    const id = await createUni(world);
    await world.registry.add(newMirror({ name: 'other' }), author);
    const token = await world.issue({ role: 'mirror', mirror: id });
    for (const path of ['', '/health', '/history', '/webhook-secret'].map((tail) => `/mirrors/uni${tail}`)) {
      assert.equal((await world.ask('GET', path, { token })).status, 200, path);
    }
    const elsewhere = ['/mirrors', '/status', '/publications', '/repositories', '/staged', '/audit'];
    for (const path of [...elsewhere, '/statistics', '/propagation']) {
      assert.equal((await world.ask('GET', path, { token })).status, 403, path);
    }
    const there = await world.ask('GET', '/mirrors/other', { token });
    const absent = await world.ask('GET', '/mirrors/absent', { token });
    assert.deepEqual([there.status, there.body], [403, absent.body]);
    assert.equal((await world.ask('POST', '/mirrors/other/report', { token, body: {} })).status, 403);
    const patch = { token, headers: { 'if-match': '*' }, body: { weight: 1_000_000 } };
    assert.equal((await world.ask('PATCH', '/mirrors/uni', patch)).status, 403);
    assert.deepEqual(world.reports, []);
    const removed = await world.issue({ role: 'mirror', mirror: 99 as MirrorId });
    assert.equal((await world.ask('GET', '/mirrors/uni', { token: removed })).status, 403);
  });

  test('the day of use is remembered, and no more', async () => {
    const world = createAdminWorld();
    const token = await world.issue();
    await world.ask('GET', '/status', { token });
    assert.equal((await world.tokens.list())[0]?.lastUsed, Date.UTC(2026, 0, 10));
  });

  test('who guesses tokens, or asks too much, is slowed down, and nobody else', async () => {
    const world = createAdminWorld({ requestsPerMinute: 60 });
    const token = await world.issue();
    const guess = () => world.ask('GET', '/mirrors', { token: 'guess', address: '198.51.100.1' });
    const statuses = [];
    for (let round = 0; round < 8; round += 1) statuses.push((await guess()).status);
    assert.deepEqual(statuses, [401, 401, 401, 401, 401, 401, 429, 429]);
    const limited = await guess();
    assert.ok(Number(limited.headers.get('retry-after')) > 0);
    // A good token does not help whoever guesses, and the guesser does not harm others.
    assert.equal((await world.ask('GET', '/status', { token, address: '198.51.100.1' })).status, 429);
    assert.equal((await world.ask('GET', '/status', { token })).status, 200);
    world.clock.time += 60_000;
    assert.equal((await guess()).status, 401);

    let asked = 0;
    while ((await world.ask('GET', '/status', { token, address: `192.0.2.${asked}` })).status === 200)
      asked += 1;
    assert.equal(asked, 60);
  });

  test('whoever has an IPv6 network is slowed down as a whole', async () => {
    const world = createAdminWorld({ requestsPerMinute: 60 });
    const guess = (address: string) => world.ask('GET', '/mirrors', { token: 'guess', address });
    for (let host = 1; host <= 6; host += 1) assert.equal((await guess(`2001:db8::${host}`)).status, 401);
    assert.equal((await guess('2001:db8::ffff:7')).status, 429);
    assert.equal((await guess('2001:db8:0:1::7')).status, 401);
  });
});

suite('what the management API is sent', () => {
  test('bodies that are too large, not JSON, or of another kind are refused', async () => {
    const world = createAdminWorld();
    const token = await world.issue();
    const post = (body: string, headers: Record<string, string> = {}) =>
      world.ask('POST', '/mirrors', { token, body, headers });
    assert.equal((await post(`"${'x'.repeat(bodyLimit)}"`)).status, 413);
    assert.equal((await post('{}', { 'content-length': String(bodyLimit + 1) })).status, 413);
    assert.equal((await post('{')).status, 400);
    assert.equal((await post('')).status, 400);
    assert.equal((await post('{}', { 'content-type': 'text/plain' })).status, 415);
    assert.equal((await post('[['.repeat(100_000))).status, 400);
    assert.equal((await post(`${'['.repeat(100_000)}${']'.repeat(100_000)}`)).status, 400);
    assert.equal((await post('{"__proto__":{"name":"uni"}}')).status, 422);
    assert.deepEqual(world.errors, []);
  });

  test('a body that never ends is cut', async () => {
    const world = createAdminWorld();
    const token = await world.issue();
    let sent = 0;
    const body = new ReadableStream({
      pull(controller) {
        sent += 1;
        controller.enqueue(new Uint8Array(64 * 1024).fill(0x20));
      },
    });
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const init = { method: 'POST', headers, body, duplex: 'half' } as RequestInit;
    const response = await world.app.request('/mirrors', init, { address: '192.0.2.1' });
    assert.equal(response.status, 413);
    assert.ok(sent < 12, `${sent} pieces were read`);
  });

  test('other paths and methods are answered as problems', async () => {
    const world = createAdminWorld();
    const token = await world.issue();
    assert.equal((await world.ask('GET', '/nonsense', { token })).status, 404);
    const put = await world.ask('PUT', '/mirrors/uni', { token });
    assert.deepEqual([put.status, put.headers.get('allow')], [405, 'GET, PATCH, DELETE']);
    assert.equal((await world.ask('GET', `/mirrors/${'x'.repeat(100)}`, { token })).status, 400);
    assert.equal((await world.ask('GET', '/mirrors/%2e%2e%2f', { token })).status, 404);
  });

  test('what fails inside is told to the log, and not to the client', async () => {
    const world = createAdminWorld();
    const token = await world.issue();
    world.registry.list = () => Promise.reject(new Error('the secret path /var/lib/x'));
    const { status, body } = await world.ask('GET', '/mirrors', { token });
    assert.equal(status, 500);
    assert.equal(JSON.stringify(body).includes('secret'), false);
    assert.match(String(world.errors[0]), /secret path/);
  });
});

function fail(): never {
  throw new Error('the mirror is not there');
}
