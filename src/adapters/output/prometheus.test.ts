import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Measurement, measureEach, measureOne } from '../../ports/measurement.ts';
import { listenHttp } from '../http-server/http-server.ts';
import { createMetricsListener } from './prometheus.ts';

const log = { debug() {}, info() {}, warn() {}, error() {} };

async function withMetrics(
  measurements: readonly Measurement[],
  work: (url: string) => Promise<void>,
  pause = () => Promise.resolve(),
) {
  const listener = createMetricsListener(measurements, log, pause);
  const server = await listenHttp([{ address: '127.0.0.1', port: 0 }], listener, log);
  try {
    await work(server.urls[0] ?? '');
  } finally {
    await server.close(0);
  }
}

test('shows what is measured at the time of asking, and nothing that is gone', async () => {
  let age: number | undefined = 3;
  const redirects = new Map([
    ['one', 5],
    ['a "quoted"\\\nname', 7],
  ]);
  const measurements = [
    measureOne('signpost_age_seconds', 'How old it is.', 'gauge', () => age),
    measureEach('signpost_redirects_total', 'Redirects.', 'counter', 'mirror', () => redirects),
  ];
  await withMetrics(measurements, async (url) => {
    const answer = await fetch(`${url}/metrics`);
    assert.match(answer.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/);
    const first = await answer.text();
    assert.match(first, /^# TYPE signpost_redirects_total counter$/m);
    assert.match(first, /^signpost_age_seconds 3$/m);
    assert.match(first, /^signpost_redirects_total\{mirror="one"\} 5$/m);
    assert.match(first, /^signpost_redirects_total\{mirror="a \\"quoted\\"\\\\\\nname"\} 7$/m);
    assert.match(first, /^process_cpu_seconds_total /m);

    redirects.delete('one');
    redirects.set('two', 1);
    age = undefined;
    const second = await (await fetch(`${url}/metrics`)).text();
    assert.doesNotMatch(second, /mirror="one"|^signpost_age_seconds /m);
    assert.match(second, /^signpost_redirects_total\{mirror="two"\} 1$/m);
  });
});

test('others get their turn after each measurement', async () => {
  const done: string[] = [];
  const named = (name: string) =>
    measureOne(name, 'A.', 'gauge', () => {
      done.push(name);
      return 1;
    });
  const pause = async () => void done.push('pause');
  await withMetrics(
    [named('signpost_a'), named('signpost_b')],
    async (url) => void (await (await fetch(`${url}/metrics`)).text()),
    pause,
  );
  const at = done.indexOf('signpost_a');
  assert.deepEqual(done.slice(at, at + 4), ['signpost_a', 'pause', 'signpost_b', 'pause']);
});

test('answers nothing else, and two registries do not meet', async () => {
  await withMetrics([measureOne('signpost_a', 'A.', 'gauge', () => 1)], async (first) => {
    await withMetrics([measureOne('signpost_a', 'A.', 'gauge', () => 2)], async (second) => {
      assert.match(await (await fetch(`${first}/metrics`)).text(), /^signpost_a 1$/m);
      assert.match(await (await fetch(`${second}/metrics?x=y`)).text(), /^signpost_a 2$/m);
    });
    assert.equal((await fetch(`${first}/v2/`)).status, 404);
    assert.equal((await fetch(`${first}/metrics`, { method: 'DELETE' })).status, 405);
    assert.equal(await (await fetch(`${first}/metrics`, { method: 'HEAD' })).text(), '');
  });
});

test('a measurement that cannot be read is an error, and the server lives on', async () => {
  let broken = true;
  const read = () => {
    if (broken) throw new Error('broken');
    return 1;
  };
  await withMetrics([measureOne('signpost_a', 'A.', 'gauge', read)], async (url) => {
    assert.equal((await fetch(`${url}/metrics`)).status, 500);
    broken = false;
    assert.equal((await fetch(`${url}/metrics`)).status, 200);
  });
});
