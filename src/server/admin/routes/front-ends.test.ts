import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { type AdminWorld, createAdminWorld } from '../../../../test/fakes/admin-world.ts';
import { digestOf } from '../../../oci/digest.ts';
import { type TokenRole, tokenRoles } from '../../../ports/tokens.ts';

const bytes = Buffer.alloc(300_000, 'piece ');
const digest = digestOf(bytes);
const sealed = Buffer.from('{"keyid":"x"}\nbody\u00ff');

async function createOffer(settings: { readonly requestsPerMinute?: number } = {}) {
  const world = createAdminWorld(settings);
  await world.offered.writePart({ digest, size: bytes.length }, bytes);
  await world.offered.writeSnapshot(sealed);
  return { world, token: await world.issue({ role: 'front-end' }) };
}

suite('what front ends follow', () => {
  test('is handed out byte for byte', async () => {
    const { world, token } = await createOffer();
    const snapshot = await world.ask('GET', '/front-ends/snapshot', { token });
    assert.deepEqual([snapshot.status, snapshot.bytes], [200, sealed]);
    const part = await world.ask('GET', `/front-ends/parts/${digest}`, { token });
    assert.deepEqual([part.status, part.headers.get('content-length')], [200, String(bytes.length)]);
    assert.ok(part.bytes.equals(bytes));
  });

  test('is sent again only when it is another', async () => {
    const { world, token } = await createOffer();
    const ask = (header: string) =>
      world.ask('GET', '/front-ends/snapshot', { token, headers: { 'if-none-match': header } });
    const { headers } = await world.ask('GET', '/front-ends/snapshot', { token });
    const etag = headers.get('etag') ?? '';
    for (const header of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
      const { status, bytes, headers } = await ask(header);
      assert.deepEqual([status, bytes.length, headers.get('etag')], [304, 0, etag], header);
    }
    assert.equal((await ask('"other"')).status, 200);
    await world.offered.writeSnapshot(Buffer.from('the next one'));
    const next = await ask(etag);
    assert.deepEqual([next.status, next.bytes.toString()], [200, 'the next one']);
  });

  test('is not there before it was made, and there is nothing else', async () => {
    const { world, token } = await createOffer();
    const names = [
      digestOf('other'),
      'sha256:abc',
      '..%2Fsnapshot',
      '%2e%2e',
      `${digest}0`,
      digest.toUpperCase(),
    ];
    for (const name of names) {
      const { status } = await world.ask('GET', `/front-ends/parts/${name}`, { token });
      assert.ok(status === 404 || status === 400, `${name}: ${status}`);
    }
    world.offered.snapshot = undefined;
    const none = await world.ask('GET', '/front-ends/snapshot', { token });
    assert.equal(none.status, 404);
    assert.match(String(none.body.detail), /signpost snapshot/);
  });

  test('is for front ends and operators, and a front end may do nothing else', async () => {
    const { world, token } = await createOffer();
    const allowed = async (role: TokenRole) =>
      (await world.ask('GET', '/front-ends/snapshot', { token: await world.issue({ role }) })).status === 200;
    const roles = await Promise.all(tokenRoles.map(async (role) => ((await allowed(role)) ? [role] : [])));
    assert.deepEqual(roles.flat(), ['operator', 'front-end']);
    assert.equal((await world.ask('GET', '/front-ends/snapshot')).status, 401);
    const others = world.routes.filter(({ path }) => !path.startsWith('/front-ends/'));
    assert.ok(others.length > 10);
    for (const { method, path } of others) {
      const { status } = await world.ask(method.toUpperCase(), path.replaceAll(/\{\w+\}/g, 'x'), { token });
      assert.equal(status, 403, `${method} ${path}`);
    }
  });

  test('does not use up what the address may ask, but asking for something else does', async () => {
    const { world, token } = await createOffer({ requestsPerMinute: 20 });
    const fetchPart = () => world.ask('GET', `/front-ends/parts/${digest}`, { token });
    for (let piece = 0; piece < 100; piece += 1) assert.equal((await fetchPart()).status, 200);
    assert.deepEqual(await refusedStatuses(world, token), [403, 403, 429]);
    assert.equal((await fetchPart()).status, 200);
  });

  test('has a limit of its own', async () => {
    const { world, token } = await createOffer({ requestsPerMinute: 1 });
    const fetchPart = () => world.ask('GET', `/front-ends/parts/${digest}`, { token });
    for (let piece = 0; piece < 100; piece += 1) assert.equal((await fetchPart()).status, 200);
    const refused = await fetchPart();
    assert.deepEqual([refused.status, refused.headers.get('retry-after')], [429, '1']);
  });
});

async function refusedStatuses(world: AdminWorld, token: string): Promise<readonly number[]> {
  const statuses: number[] = [];
  for (let asked = 0; asked < 3; asked += 1) {
    statuses.push((await world.ask('GET', '/mirrors', { token })).status);
  }
  return statuses;
}
