import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { numberedMirror } from '../../../test/fakes/mirrors.ts';
import { blob, createWorld, large, one, out, settings, small } from '../../../test/fakes/prober-world.ts';

const [first, second] = ['https://one.example.org', 'https://two.example.org'];
const day = 86_400_000;

suite('the ways to a mirror', () => {
  test('are tried each: one with a broken address family still serves clients of the other', async (context) => {
    const world = await createWorld(context, { mirrors: [numberedMirror(1, { urls: [first] })] });
    const mirror = world.probe.mirror(1);
    mirror.families = [4, 6];
    await world.start();
    assert.deepEqual([world.state().ipv4, world.state().ipv6], [true, true]);
    mirror.broken.set(`${first} 6`, 'refused');
    await world.useFor(5000);
    const { healthy, ipv4, ipv6, urls } = world.state();
    assert.deepEqual({ healthy, ipv4, ipv6 }, { healthy: true, ipv4: true, ipv6: false });
    assert.match(urls?.[0]?.reason ?? '', /refused/);
    mirror.broken.clear();
    await world.useFor(5000);
    assert.equal(world.state().ipv6, true);
    mirror.broken.set(`${first} 4`, 'timeout');
    await world.useFor(5000);
    assert.deepEqual([world.state().healthy, world.state().ipv4], [true, false]);
    mirror.broken.set(`${first} 6`, 'timeout');
    await world.useFor(5000);
    out(/timeout/)(world.state());
    await world.prober.stop();
  });

  test('of a mirror that this machine has no route for are not held against it', async (context) => {
    const world = await createWorld(context, { mirrors: [numberedMirror(1, { urls: [first] })] });
    world.probe.mirror(1).families = [4, 6];
    world.probe.mirror(1).broken.set(`${first} 6`, 'no-route');
    await world.start();
    await world.useFor(10_000);
    const { healthy, ipv4, ipv6 } = world.state();
    assert.deepEqual({ healthy, ipv4, ipv6 }, { healthy: true, ipv4: true, ipv6: undefined });
    await world.prober.stop();
  });

  test('include each of its URLs: it offers those that work', async (context) => {
    const world = await createWorld(context, { mirrors: [numberedMirror(1, { urls: [first, second] })] });
    const mirror = world.probe.mirror(1);
    await world.start();
    const reachable = () => world.state().urls?.map((state) => state.reachable);
    assert.deepEqual(reachable(), [true, true]);
    mirror.broken.set(`${first} 4`, 'tls');
    await world.useFor(5000);
    assert.deepEqual([world.state().healthy, reachable()], [true, [false, true]]);
    mirror.broken.clear();
    await world.useFor(5000);
    assert.deepEqual(reachable(), [true, true]);
    await world.prober.stop();
  });

  test('must all lack a blob for the mirror to be out: what one of them lacks is asked of the next', async (context) => {
    const world = await createWorld(context, { mirrors: [numberedMirror(1, { urls: [first, second] })] });
    await world.start();
    world.probe.mirror(1).missing.add(small.digest);
    world.probe.calls.length = 0;
    world.suspect(small);
    await world.settle();
    out(/status/)(world.state());
    assert.deepEqual(new Set(world.probe.calls.map(({ url }) => url)), new Set([first, second]));
    await world.prober.stop();
  });
});

suite('what a mirror claims', () => {
  test('is believed once some of the newest content is there, and not before', async (context) => {
    const fresh = blob('fresh', 9000);
    const world = await createWorld(context);
    await world.start();
    Object.assign(world, { treeSerial: 6, newSerial: 6, newBlob: fresh });
    const mirror = world.probe.mirror(1);
    mirror.serial = 6;
    mirror.missing.add(fresh.digest);
    await world.useFor(5000);
    assert.deepEqual([world.state().healthy, world.state().serial], [true, 5]);
    assert.match(world.state().warning ?? '', /says that it holds publication 6/);
    mirror.missing.clear();
    await world.useFor(5000);
    assert.deepEqual([world.state().serial, world.state().warning], [6, undefined]);
    await world.prober.stop();
    const events = await world.history.list(one, { limit: 10 });
    assert.deepEqual(
      events.map(({ kind }) => kind),
      ['warning', 'in'],
    );
  });

  test('keeps a mirror out of which nothing is known, until it is true', async (context) => {
    const world = await createWorld(context);
    world.probe.mirror(1).missing.add(small.digest);
    await world.start();
    out(/says that it holds publication 5/)(world.state());
    world.probe.mirror(1).missing.clear();
    await world.advance(5000);
    assert.equal(world.state().healthy, true);
    await world.prober.stop();
  });

  test('is not asked of a mirror that is always current: it is probed all the same', async (context) => {
    const world = await createWorld(context, { mirrors: [numberedMirror(1, { kind: 'always-current' })] });
    world.probe.mirror(1).markerFault = 'status';
    await world.start();
    assert.deepEqual([world.state().healthy, world.state().serial], [true, 5]);
    world.treeSerial = 8;
    await world.advance(300);
    assert.equal(world.state().serial, 8);
    assert.ok(world.probe.calls.every(({ what }) => what !== 'marker'));
    world.probe.mirror(1).fault = 'status';
    await world.useFor(3000);
    out(/status/)(world.state());
    await world.prober.stop();
  });
});

test('a mirror that failed on what is now retired must at least answer to come back', async (context) => {
  const world = await createWorld(context, { blobs: [large] });
  await world.start();
  const mirror = world.probe.mirror(1);
  mirror.missing.add(small.digest);
  world.suspect(small);
  await world.settle();
  mirror.fault = 'refused';
  world.retired.add(small.digest);
  await world.advance(20_000);
  out(/refused/)(world.state());
  mirror.fault = undefined;
  await world.advance(5000);
  assert.equal(world.state().healthy, true);
  await world.prober.stop();
});

suite('a report', () => {
  test('makes a mirror be probed at once, and is not believed', async (context) => {
    const world = await createWorld(context);
    await world.start();
    await world.advance(30_000);
    world.treeSerial = 6;
    await world.advance(300);
    await world.advance(60_000);
    world.probe.calls.length = 0;
    const reported = Date.now();
    const checkedBefore = () => (world.prober.checkedAt(one) ?? reported) < reported;
    assert.equal(world.prober.probeNow(one, 6), true);
    assert.ok(checkedBefore());
    await world.advance(400);
    assert.ok(!checkedBefore());
    assert.deepEqual(world.probe.calls[0]?.what, 'marker');
    assert.equal(world.state().serial, 5);
    world.probe.mirror(1).serial = 6;
    world.prober.probeNow(one);
    await world.advance(1500);
    assert.equal(world.state().serial, 6);
    world.probe.calls.length = 0;
    for (let report = 0; report < 100; report += 1) {
      world.prober.probeNow(one);
      await world.advance(100);
    }
    const markers = world.probe.calls.filter(({ what }) => what === 'marker');
    assert.ok(markers.length <= 11, `${markers.length} visits in ten seconds`);
    await world.prober.stop();
  });

  test('of a private mirror that cannot be probed is all there is to go by', async (context) => {
    const world = await createWorld(context, { mirrors: [numberedMirror(1, { kind: 'private' })] });
    world.probe.mirror(1).fault = 'address-not-allowed';
    await world.start();
    world.prober.probeNow(one, 4);
    assert.equal(world.state().serial, 4);
    world.treeSerial = 9;
    await world.advance(3000);
    assert.equal(world.state().serial, 4);
    world.prober.probeNow(one, 1_000_000);
    assert.equal(world.state().serial, 9);
    await world.prober.stop();
  });
});

suite('now and then', () => {
  test('a whole blob is read: at once of a mirror that is new, and once in an interval', async (context) => {
    const wholeBlobInterval = day / 12;
    const world = await createWorld(context, { settings: { ...settings, wholeBlobInterval } });
    await world.start();
    const wholes = () => world.probe.calls.filter(({ what }) => what === 'whole');
    assert.deepEqual(
      wholes().map(({ digest }) => digest),
      [small.digest],
      'the one that is not too large',
    );
    await world.advance(2.5 * wholeBlobInterval, 10_000);
    assert.equal(wholes().length, 3);
    world.probe.mirror(1).wrong.set(small.digest, -1);
    await world.advance(1.2 * wholeBlobInterval, 10_000);
    out(/wrong-bytes.*all of test\/image/)(world.state());
    await world.advance(3_600_000, 10_000);
    out(/wrong-bytes/)(world.state());
    world.probe.mirror(1).wrong.clear();
    await world.advance(3_600_000, 10_000);
    assert.equal(world.state().healthy, true);
    await world.prober.stop();
  });

  test('an idle mirror is asked whether newest and random content is there', async (context) => {
    const fresh = blob('fresh', 9000);
    const world = await createWorld(context, { blobs: [large] });
    await world.start();
    world.newBlob = fresh;
    world.probe.mirror(1).missing.add(fresh.digest);
    await world.advance(3 * settings.idleProbeInterval, 1000);
    out(/status/)(world.state());
    await world.prober.stop();
  });

  test('the certificate is looked at: one that ends soon is warned of, once', async (context) => {
    const world = await createWorld(context);
    const expires = Date.now() + 10 * day;
    world.probe.mirror(1).certificateExpires = expires;
    await world.start();
    await world.useFor(20_000);
    assert.deepEqual(world.state().certificate, { expires, soon: true });
    await world.prober.stop();
    const events = await world.history.list(one, { limit: 10 });
    assert.deepEqual(
      events.map(({ kind }) => kind),
      ['certificate', 'in'],
    );
  });

  test('the response time is told, when it has changed by more than a little', async (context) => {
    const world = await createWorld(context);
    let told = 0;
    world.probe.mirror(1).milliseconds = 100;
    await world.start();
    await world.useFor(10_000);
    assert.equal(world.state().responseTime, 100);
    world.prober.onChange(() => (told += 1));
    world.probe.mirror(1).milliseconds = 110;
    await world.useFor(60_000);
    assert.deepEqual([world.state().responseTime, told], [100, 0]);
    world.probe.mirror(1).milliseconds = 900;
    await world.useFor(60_000);
    assert.ok((world.state().responseTime ?? 0) > 700);
    await world.prober.stop();
  });
});

test('a mirror that has used up its hour is left alone until it has earned more', async (context) => {
  const world = await createWorld(context, { settings: { ...settings, hourlyRequests: 60 } });
  await world.start();
  await world.useFor(600_000);
  const { length } = world.probe.calls;
  // 60 at once, and what ten minutes earn.
  assert.ok(length >= 60 && length <= 75, `${length} requests`);
  assert.equal(world.state().healthy, true);
  await world.prober.stop();
});

test('what happens to mirrors is told, and kept in order with its reasons', async (context) => {
  const world = await createWorld(context);
  const told: string[] = [];
  world.prober.onEvent(({ kind }) => told.push(kind));
  await world.start();
  world.probe.mirror(1).fault = 'status';
  await world.useFor(5000);
  world.probe.mirror(1).fault = undefined;
  await world.useFor(5000);
  world.probe.mirror(1).wrong.set(small.digest, 7);
  world.suspect(small);
  await world.settle();
  await world.prober.stop();
  const events = await world.history.list(one, { limit: 10 });
  assert.deepEqual(
    events.map(({ kind }) => kind),
    ['wrong-bytes', 'in', 'out', 'in'],
  );
  assert.deepEqual(told, events.map(({ kind }) => kind).toReversed());
  assert.match(events[2]?.detail ?? '', /^status: scripted \(bytes/);
});
