import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { digestOf } from '../../oci/digest.ts';
import { SignpostError } from '../../oci/errors.ts';
import type { ByteRange } from '../../oci/range.ts';
import type { MirrorId } from '../../mirrors/mirror.ts';
import { createMemoryMirrorStates } from '../../../test/fakes/memory-mirror-states.ts';
import { numberedMirror } from '../../../test/fakes/mirrors.ts';
import { blob, createWorld, large, one, out, settings, small } from '../../../test/fakes/prober-world.ts';

suite('the prober', () => {
  test('calls no mirror healthy before its first probe, and probes at once when it starts', async (context) => {
    const world = await createWorld(context);
    out(/not probed yet/)(world.state());
    assert.equal(world.probe.calls.length, 0);
    await world.start();
    const { healthy, serial, ipv4, ipv6 } = world.state();
    assert.deepEqual({ healthy, serial, ipv4, ipv6 }, { healthy: true, serial: 5, ipv4: true, ipv6: false });
    await world.prober.stop();
  });

  test('hardly touches a mirror that nobody is sent to', async (context) => {
    const world = await createWorld(context);
    await world.start();
    world.probe.calls.length = 0;
    await world.advance(3_600_000, 1000);
    const requests = world.probe.calls.length;
    assert.ok(requests >= 12 && requests <= 40, `${requests} requests in an hour`);
    await world.prober.stop();
  });

  test('probes a mirror in use each interval, and at once when it has been idle', async (context) => {
    const world = await createWorld(context);
    await world.start();
    await world.advance(30_000);
    world.probe.calls.length = 0;
    world.prober.onSent(one, small);
    await world.settle();
    assert.ok(world.probe.calls.length > 0, 'not probed at once');
    world.probe.calls.length = 0;
    await world.useFor(20_000);
    const checks = world.probe.calls.filter(({ digest }) => digest !== undefined);
    assert.ok(checks.length >= 8 && checks.length <= 11, `${checks.length} checks`);
    await world.prober.stop();
  });

  test('finds out whether a mirror sends several parts at once, and lets it be one that cannot', async (context) => {
    const world = await createWorld(context, { mirrors: [1, 2].map((number) => numberedMirror(number)) });
    world.probe.mirror(1).severalParts = true;
    await world.start();
    assert.deepEqual([world.state(1).healthy, world.state(1).severalParts], [true, true]);
    assert.deepEqual([world.state(2).healthy, world.state(2).severalParts], [true, false]);
    world.probe.mirror(1).severalParts = false;
    await world.useFor(620_000);
    assert.deepEqual([world.state(1).healthy, world.state(1).severalParts], [true, false]);
    await world.prober.stop();
  });

  test('probes those at once, and like mirrors in use, that the clients of a mirror are sent to when it goes out', async (context) => {
    const mirrors = [1, 2, 3, 4].map((number) => numberedMirror(number));
    const world = await createWorld(context, { mirrors });
    const send = (to: number, ...others: number[]) => {
      const ranked = [to, ...others].map((id) => ({ mirror: { id: id as MirrorId } }));
      world.prober.onSent(to as MirrorId, small, ranked);
    };
    await world.start();
    await world.advance(30_000);
    const dead = [1, 2];
    for (const id of dead) world.probe.mirror(id).fault = 'refused';
    // Its latest clients would be sent to different mirrors: both are probed, and nobody has been sent to either.
    send(1, 2);
    send(1, 3);
    await world.advance(2500);
    for (const id of dead) out(/refused/)(world.state(id));
    assert.equal(world.state(3).healthy, true);
    const visits = (id: number) => world.probe.calls.filter(({ mirror }) => mirror === id).length;
    const before = { third: visits(3), fourth: visits(4) };
    await world.advance(20_000);
    assert.ok(visits(3) - before.third >= 8, 'it is not probed like one in use');
    assert.equal(visits(4), before.fourth, 'the others are left alone');
    await world.prober.stop();
  });

  test('probes nobody for an idle mirror that goes out, and those who follow one that is taken away', async (context) => {
    const mirrors = [1, 2].map((number) => numberedMirror(number));
    const world = await createWorld(context, { mirrors });
    await world.start();
    world.prober.onSent(
      one,
      small,
      [1, 2].map((id) => ({ mirror: { id: id as MirrorId } })),
    );
    await world.advance(120_000);
    world.probe.calls.length = 0;
    world.probe.mirror(1).fault = 'refused';
    world.prober.probeNow(one);
    await world.advance(3000);
    out(/refused/)(world.state());
    assert.ok(world.probe.calls.every(({ mirror }) => mirror === 1));
    world.probe.mirror(1).fault = undefined;
    await world.advance(5000);
    world.prober.onSent(
      one,
      small,
      [1, 2].map((id) => ({ mirror: { id: id as MirrorId } })),
    );
    world.probe.calls.length = 0;
    world.prober.setMirrors(mirrors.slice(1));
    await world.settle();
    assert.ok(world.probe.calls.some(({ mirror }) => mirror === 2));
    await world.prober.stop();
  });

  for (const [what, set] of [
    ['back by an hour', -3_600_000],
    ['forward by a year', 365 * 86_400_000],
  ] as const) {
    test(`finds dead mirrors, and living ones, as fast after the clock was set ${what}`, async (context) => {
      const world = await createWorld(context);
      await world.start();
      await world.useFor(3000);
      world.clockSet = set;
      world.probe.mirror(1).fault = 'refused';
      await world.useFor(5000);
      out(/refused/)(world.state());
      world.clockSet = 0;
      await world.advance(10_000);
      world.clockSet = set;
      world.probe.mirror(1).fault = undefined;
      await world.advance(5000);
      assert.equal(world.state().healthy, true);
      await world.prober.stop();
    });
  }

  test('takes hundreds of mirrors out within 5 seconds when all of them hang at once, however many ways each has', async (context) => {
    const count = 300;
    const mirrors = Array.from({ length: count }, (_, index) => numberedMirror(index + 1));
    const world = await createWorld(context, { mirrors });
    for (const { id } of mirrors) if (id % 2 === 0) world.probe.mirror(id).families = [4, 6];
    await world.start();
    const healthy = () => [...world.prober.states()].filter(([, state]) => state.healthy);
    const send = () => {
      for (const [id] of healthy()) world.prober.onSent(id, small);
    };
    for (let passed = 0; passed < 8000; passed += 500) {
      send();
      await world.advance(500, 250);
    }
    assert.equal(healthy().length, count);
    for (const { id } of mirrors) world.probe.mirror(id).fault = 'stall';
    for (let passed = 0; passed < 5000; passed += 250) {
      send();
      await world.advance(250, 250);
    }
    assert.equal(healthy().length, 0);
    for (const { id } of mirrors) world.probe.mirror(id).fault = undefined;
    await world.prober.stop();
  });

  test('a mirror that answers by its second way in time is not taken out for what its first one does', async (context) => {
    const world = await createWorld(context);
    const mirror = world.probe.mirror(1);
    mirror.families = [4, 6];
    await world.start();
    await world.useFor(3000);
    mirror.broken.set(`${numberedMirror(1).urls[0]} 6`, 'timeout');
    const seen = new Set<boolean>();
    for (let second = 0; second < 20; second += 1) {
      await world.useFor(1000);
      seen.add(world.state().healthy);
    }
    assert.deepEqual([...seen], [true]);
    await world.prober.stop();
  });

  for (const fault of ['refused', 'stall', 'status', 'truncated', 'wrong-bytes', 'tls'] as const) {
    test(`takes a mirror in use out within 5 seconds of ${fault}, and back as fast`, async (context) => {
      const world = await createWorld(context);
      await world.start();
      await world.useFor(3000);
      world.probe.mirror(1).fault = fault;
      await world.useFor(5000);
      out(fault === 'stall' ? /timeout/ : new RegExp(fault))(world.state());
      await world.advance(30_000);
      world.probe.mirror(1).fault = undefined;
      await world.advance(5000);
      assert.equal(world.state().healthy, true);
      await world.prober.stop();
    });
  }

  test('probes a long dead mirror more and more rarely', async (context) => {
    const world = await createWorld(context);
    world.probe.mirror(1).fault = 'refused';
    await world.start();
    await world.advance(60_000);
    const first = world.probe.calls.length;
    assert.ok(first >= 25, `${first} in the first minute`);
    await world.advance(7_200_000, 2000);
    const later = world.probe.calls.length - first;
    assert.ok(later < 1200, `${later} in the next two hours`);
    await world.prober.stop();
  });

  test('checks the suspected blob at once, all of a small one', async (context) => {
    const blobs = [large];
    const world = await createWorld(context, { blobs });
    await world.start();
    world.probe.calls.length = 0;
    world.probe.mirror(1).wrong.set(small.digest, 99_999);
    world.suspect(small);
    await world.settle();
    out(/wrong-bytes.*test\/image@sha256/)(world.state());
    await world.prober.stop();
  });

  test('checks the start, the middle and the end of a large suspect', async (context) => {
    for (const wrong of [0, 20_000_000, 39_999_999]) {
      const world = await createWorld(context, { blobs: [small] });
      await world.start();
      world.probe.mirror(1).wrong.set(large.digest, wrong);
      world.suspect(large);
      await world.settle();
      out(/wrong-bytes/)(world.state());
      await world.prober.stop();
      context.mock.timers.reset();
    }
  });

  test('reads on through a large suspect until the one wrong byte is found', async (context) => {
    const world = await createWorld(context, { blobs: [small] });
    await world.start();
    world.probe.mirror(1).wrong.set(large.digest, 36_000_001);
    // docker waits longer and longer, too.
    for (const wait of [5000, 10_000, 15_000]) {
      assert.equal(world.state().healthy, true);
      world.suspect(large);
      await world.advance(wait);
    }
    out(/wrong-bytes/)(world.state());
    await world.prober.stop();
  });

  test('looks at once at where a client went on', async (context) => {
    const world = await createWorld(context, { blobs: [small] });
    await world.start();
    world.probe.mirror(1).wrong.set(large.digest, 36_000_001);
    world.suspect(large, '192.0.2.1', 36_000_000);
    await world.settle();
    out(/wrong-bytes.*bytes 36000000-36065535/)(world.state());
    await world.prober.stop();
  });

  test('reads all of what several networks suspect, without being asked again', async (context) => {
    const world = await createWorld(context, { blobs: [small] });
    await world.start();
    world.probe.mirror(1).wrong.set(large.digest, 36_000_001);
    world.suspect(large, '192.0.2.1');
    world.suspect(large, '192.0.2.2');
    await world.advance(2000);
    assert.equal(world.state().healthy, true, 'two addresses of one network are one witness');
    world.suspect(large, '2001:db8::1');
    await world.advance(2000);
    out(/wrong-bytes/)(world.state());
    await world.prober.stop();
  });

  test('does not let a client that repeats itself have a mirror probed for ever', async (context) => {
    const world = await createWorld(context);
    await world.start();
    world.probe.calls.length = 0;
    for (let second = 0; second < 3600; second++) {
      world.suspect(second % 2 === 0 ? small : large);
      await world.advance(1000, 1000);
    }
    const visits = new Set(world.probe.calls.map(({ at }) => at)).size;
    const read = world.probe.calls.reduce((sum, { range }) => sum + bytesOf(range), 0);
    // It waits twice as long each time: 15 looks, beside the 15 visits at most that an idle mirror gets anyhow.
    assert.ok(visits <= 30, `${visits} visits`);
    assert.ok(read < 3 * large.size, `${read} bytes`);
    world.probe.calls.length = 0;
    world.suspect(small, '198.51.100.1');
    await world.settle();
    assert.ok(world.probe.calls.length > 0, 'another network is heard at once');
    await world.prober.stop();
  });

  test('goes on visiting a mirror in use, however many networks have it looked into', async (context) => {
    const world = await createWorld(context, { settings: { ...settings, hourlyRequests: 400 } });
    await world.start();
    for (let second = 0; second < 50; second++) {
      if (second === 20) world.probe.calls.length = 0;
      world.prober.onSent(one, small);
      world.suspect(blob(`large ${second}`, large.size), `192.0.${second}.1`);
      await world.advance(1000, 500);
    }
    const visits = world.probe.calls.filter(({ digest }) => digest === small.digest);
    assert.ok(visits.length >= 12, `${visits.length} in the last half minute`);
    await world.prober.stop();
  });

  test('takes a mirror back only when it passes what it failed on', async (context) => {
    const world = await createWorld(context, { blobs: [large] });
    await world.start();
    world.probe.mirror(1).missing.add(small.digest);
    world.suspect(small);
    await world.advance(60_000);
    out(/status/)(world.state());
    world.probe.mirror(1).missing.clear();
    await world.advance(5000);
    assert.equal(world.state().healthy, true);
    await world.prober.stop();
  });

  test('wants a full check after wrong bytes: several blobs, the small ones whole', async (context) => {
    const others = Array.from({ length: 4 }, (_, index) => blob(`other ${index}`, 300_000));
    const world = await createWorld(context, { blobs: others });
    await world.start();
    const mirror = world.probe.mirror(1);
    mirror.wrong.set(small.digest, 5);
    for (const other of others) mirror.wrong.set(other.digest, 299_000);
    world.suspect(small);
    await world.settle();
    mirror.wrong.delete(small.digest);
    await world.advance(10_000);
    out(/wrong-bytes.*262144-299999/)(world.state());
    mirror.wrong.clear();
    world.probe.calls.length = 0;
    await world.advance(2200);
    assert.equal(world.state().healthy, true);
    assert.ok(new Set(world.probe.calls.map(({ digest }) => digest)).size >= 4);
    await world.prober.stop();
  });

  test('remembers over a restart that wrong bytes want a full check', async (context) => {
    const states = createMemoryMirrorStates();
    const world = await createWorld(context, { states, blobs: [large] });
    await world.start();
    world.probe.mirror(1).wrong.set(small.digest, 5);
    world.suspect(small);
    await world.settle();
    await world.prober.stop();
    context.mock.timers.reset();
    const next = await createWorld(context, { states, blobs: [large] });
    next.probe.mirror(1).wrong.set(small.digest, 5);
    await next.start();
    await next.advance(5000);
    out(/wrong-bytes/)(next.state());
    await next.prober.stop();
  });

  test('lets a mirror pass when what it failed on has been retired', async (context) => {
    const world = await createWorld(context, { blobs: [large] });
    await world.start();
    world.probe.mirror(1).missing.add(small.digest);
    world.suspect(small);
    await world.settle();
    out(/status/)(world.state());
    world.retired.add(small.digest);
    await world.advance(3000);
    assert.equal(world.state().healthy, true);
    await world.prober.stop();
  });

  test('notices soon that a mirror has a new publication, and asks more and more rarely', async (context) => {
    const world = await createWorld(context);
    await world.start();
    await world.advance(10_000);
    world.treeSerial = 6;
    await world.advance(5000);
    assert.equal(world.state().serial, 5);
    world.probe.mirror(1).serial = 6;
    await world.advance(5000);
    assert.equal(world.state().serial, 6);
    world.treeSerial = 7;
    world.probe.calls.length = 0;
    await world.advance(3_600_000, 1000);
    const requests = world.probe.calls.length;
    assert.ok(requests < 200, `${requests} requests in an hour`);
    await world.prober.stop();
  });

  test('never believes a serial above its own', async (context) => {
    const world = await createWorld(context);
    world.probe.mirror(1).serial = 6;
    await world.start();
    out(/marker.*serial 6.*newest publication is 5/)(world.state());
    world.treeSerial = 6;
    await world.advance(5000);
    assert.equal(world.state().serial, 6);
    await world.prober.stop();
  });

  test('keeps a mirror that had a new publication before this process saw it', async (context) => {
    const world = await createWorld(context);
    await world.start();
    world.probe.mirror(1).serial = 6;
    await world.useFor(60_000);
    assert.deepEqual([world.state().healthy, world.state().serial], [true, 5]);
    world.treeSerial = 6;
    await world.advance(3000);
    assert.deepEqual([world.state().healthy, world.state().serial], [true, 6]);
    await world.prober.stop();
  });

  test('keeps what is known of a mirror whose marker cannot be read for a while', async (context) => {
    const world = await createWorld(context);
    await world.start();
    world.probe.mirror(1).markerFault = 'status';
    await world.useFor(60_000);
    assert.equal(world.state().healthy, true);
    assert.equal(world.state().serial, 5);
    await world.prober.stop();
    context.mock.timers.reset();
    const fresh = await createWorld(context);
    fresh.probe.mirror(1).markerFault = 'status';
    await fresh.start();
    out(/publication\.json/)(fresh.state());
    await fresh.prober.stop();
  });

  test('takes a private mirror at its word only when it cannot be reached from here', async (context) => {
    const world = await createWorld(context, {
      mirrors: [numberedMirror(1, { kind: 'private' }), numberedMirror(2)],
    });
    world.probe.mirror(1).fault = 'address-not-allowed';
    world.probe.mirror(2).fault = 'address-not-allowed';
    await world.start();
    for (const id of [1, 2]) world.prober.probeNow(id as MirrorId, 5);
    await world.advance(1200);
    assert.deepEqual([world.state(1).healthy, world.state(1).serial], [true, 5]);
    out(/address-not-allowed/)(world.state(2));
    world.probe.mirror(1).fault = 'refused';
    world.prober.onSent(one, small);
    await world.advance(3000);
    out(/refused/)(world.state(1));
    await world.prober.stop();
  });

  test('sends nobody to a private mirror that has said nothing, and says what to do', async (context) => {
    const states = createMemoryMirrorStates();
    const mirrors = [numberedMirror(1, { kind: 'private' })];
    const world = await createWorld(context, { mirrors, states });
    world.probe.mirror(1).fault = 'address-not-allowed';
    await world.start();
    await world.advance(60_000);
    out(/has not reported.*signpost report mirror-1 --tree/)(world.state());
    assert.equal(world.state().serial, 0);
    world.prober.probeNow(one);
    await world.advance(3000);
    out(/has not reported/)(world.state());
    assert.equal(world.prober.probeNow(one, 4), false);
    await world.advance(1200);
    assert.deepEqual([world.state().healthy, world.state().serial], [true, 4]);
    await world.prober.stop();
    context.mock.timers.reset();
    // What it has said stays true.
    const next = await createWorld(context, { mirrors, states });
    next.probe.mirror(1).fault = 'address-not-allowed';
    await next.start();
    assert.deepEqual([next.state().healthy, next.state().serial], [true, 4]);
    await next.advance(3_600_000, 10_000);
    assert.deepEqual([next.state().healthy, next.state().serial], [true, 4]);
    await next.prober.stop();
  });

  test('does not take a private mirror at its word that has been probed, or was caught with wrong bytes', async (context) => {
    const mirrors = [1, 2].map((id) => numberedMirror(id, { kind: 'private' }));
    const world = await createWorld(context, { mirrors, blobs: [small] });
    world.probe.mirror(2).wrong.set(small.digest, small.size >> 1);
    await world.start();
    assert.equal(world.state(1).healthy, true);
    out(/wrong-bytes/)(world.state(2));
    for (const id of [1, 2]) world.probe.mirror(id).fault = 'address-not-allowed';
    await world.useFor(5000, small);
    await world.advance(30_000);
    out(/address-not-allowed/)(world.state(1));
    out(/address-not-allowed/)(world.state(2));
    await world.prober.stop();
  });

  test('blames nobody when the origin cannot read its own tree', async (context) => {
    const world = await createWorld(context);
    await world.start();
    world.errors.length = 0;
    const broken = { ...small, digest: digestOf('broken') };
    context.mock.method(world.retired, 'has', () => {
      throw new SignpostError('STORAGE', 'the disk failed');
    });
    await world.useFor(5000, broken);
    assert.equal(world.state().healthy, true);
    assert.ok(world.errors.length > 0);
    await world.prober.stop();
  });

  test('probes new mirrors at once, drops removed and disabled ones, and starts anew at a new URL', async (context) => {
    const world = await createWorld(context);
    await world.start();
    const second = numberedMirror(2);
    world.prober.setMirrors([numberedMirror(1), second]);
    await world.settle();
    assert.equal(world.state(2).healthy, true);
    world.prober.setMirrors([
      numberedMirror(1, { enabled: false }),
      { ...second, urls: ['https://new.example.org'] },
    ]);
    assert.deepEqual([...world.prober.states().keys()], [2]);
    out(/not probed yet/)(world.state(2));
    await world.settle();
    assert.equal(world.state(2).healthy, true);
    await world.prober.stop();
  });

  test('tells of changes that are close together once', async (context) => {
    const mirrors = Array.from({ length: 40 }, (_, index) => numberedMirror(index + 1));
    const world = await createWorld(context, { mirrors });
    let told = 0;
    world.prober.onChange(() => (told += 1));
    await world.start();
    await world.advance(500);
    assert.ok(told >= 1 && told <= 3, `told ${told} times`);
    const before = told;
    await world.advance(10_000);
    assert.equal(told, before, 'told of nothing');
    await world.prober.stop();
  });

  test('looks at something else when clients ask for what the origin does not have', async (context) => {
    const world = await createWorld(context);
    await world.start();
    const absent = blob('absent', 100_000);
    world.retired.add(absent.digest);
    world.probe.mirror(1).fault = 'wrong-bytes';
    await world.useFor(5000, absent);
    out(/wrong-bytes/)(world.state());
    await world.prober.stop();
  });

  test('still takes a mirror in use out in time when hundreds of others stand still', async (context) => {
    const mirrors = Array.from({ length: 500 }, (_, index) => numberedMirror(index + 1));
    const world = await createWorld(context, { mirrors });
    await world.start();
    await world.advance(3000);
    for (let id = 2; id <= 500; id++) world.probe.mirror(id).fault = 'stall';
    world.prober.setMirrors(
      mirrors.map((mirror) => (mirror.id === one ? mirror : { ...mirror, url: 'https://x.example' })),
    );
    await world.useFor(4000);
    world.probe.mirror(1).fault = 'refused';
    await world.useFor(5000);
    out(/refused/)(world.state(1));
    // The patient ones, and one that is in use.
    assert.ok(world.probe.peak() <= 65, `${world.probe.peak()} at once`);
    await world.prober.stop();
  });

  test('ends everything when it stops, and saves what it knows', async (context) => {
    const states = createMemoryMirrorStates();
    const world = await createWorld(context, { states });
    world.probe.mirror(1).fault = 'stall';
    await world.start();
    assert.equal(world.probe.running(), 1);
    await world.prober.stop();
    assert.equal(world.probe.running(), 0);
    const calls = world.probe.calls.length;
    await world.advance(10_000);
    world.prober.onSent(one, small);
    world.suspect(small);
    await world.settle();
    assert.equal(world.probe.calls.length, calls);
    assert.equal((await states.load()).size, 1);
  });
});

function bytesOf(range: ByteRange | undefined): number {
  return range === undefined ? 0 : range.end - range.start + 1;
}
