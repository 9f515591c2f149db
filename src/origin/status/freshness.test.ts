import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as pause } from 'node:timers/promises';
import { digestOf } from '../../oci/digest.ts';
import { parseRepositoryName, parseTagName } from '../../oci/reference.ts';
import type { PublishedTag } from '../../ports/publications.ts';
import { createFreshness } from './freshness.ts';
import type { SignatureTerm } from './read-status.ts';
import type { RoleTerm } from './role-term.ts';
import { createTerm } from './term.ts';

const never = 1_000_000;
const second = 1000;

function tagOf(repository: string, tag: string, requestSerial = 1): PublishedTag {
  const names = { repository: parseRepositoryName(repository), tag: parseTagName(tag) };
  return { ...names, list: digestOf(tag), requestSerial, expires: 900 * second };
}

function start(
  tags: readonly PublishedTag[],
  expires: (tag: PublishedTag) => number,
  metadata: readonly RoleTerm[],
) {
  const clock = { time: 0, now: () => clock.time, monotonic: () => clock.time };
  const asked: string[] = [];
  const rests: number[] = [];
  const freshness = createFreshness({
    publishedContent: {
      async *tags() {
        yield tags;
      },
    },
    clock,
    log: { debug() {}, info() {}, warn() {}, error() {} },
    interval: never,
    async rest(milliseconds) {
      rests.push(milliseconds);
      await pause();
    },
    async signaturesOf(tag) {
      asked.push(`${tag.repository}:${tag.tag}`);
      clock.time += 10;
      const term = createTerm(expires(tag) * second, 0);
      const formats: SignatureTerm[] = [{ format: 'simple', ...term }];
      return tag.tag === '2'
        ? [...formats, { format: 'cosign', ...createTerm(500 * second, undefined) }]
        : formats;
    },
    async *metadataOf() {
      yield* metadata;
    },
  });
  const read = () =>
    Object.fromEntries(
      freshness
        .measurements()
        .flatMap((one) =>
          [...one.read()].map(({ labels, value }) => [`${one.name} ${labels.join(' ')}`, value]),
        ),
    );
  return { freshness, clock, asked, rests, read };
}

test('says for each repository and role how long it lives, and raises an alarm at a third', async () => {
  const tags = [
    tagOf('a', '1'),
    tagOf('a', '2'),
    tagOf('b', '1'),
    tagOf('b', `sha256-${'0'.repeat(64)}.sig`),
  ];
  const root: RoleTerm = { role: 'tuf-root', repository: undefined, ...createTerm(3000 * second, 0) };
  const world = start(tags, ({ repository }) => (repository === 'a' ? 900 : 600), [root]);
  world.freshness.start();
  await world.freshness.stop();
  assert.deepEqual(world.read(), {}, 'stopped while it was reading');

  const again = start(tags, ({ repository }) => (repository === 'a' ? 900 : 600), [root]);
  again.freshness.start();
  while (Object.keys(again.read()).length < 10) await pause();
  again.clock.time = 500 * second - 1;
  assert.deepEqual(again.read(), {
    'signpost_expiry_seconds  tuf-root': 2500.001,
    'signpost_expiry_seconds a cosign': 0.001,
    'signpost_expiry_seconds a simple': 400.001,
    'signpost_expiry_seconds b simple': 100.001,
    'signpost_expiry_alarm  tuf-root': 0,
    'signpost_expiry_alarm a cosign': 1,
    'signpost_expiry_alarm a simple': 0,
    'signpost_expiry_alarm b simple': 1,
    'signpost_expiry_roles good': 2,
    'signpost_expiry_roles due': 1,
    'signpost_expiry_roles unreadable': 1,
    'signpost_expiry_roles expired': 0,
    'signpost_expiry_read_timestamp_seconds ': 0.03,
  });
  assert.deepEqual(again.asked, ['a:1', 'a:2', 'b:1'], 'signatures that are tags are not signed themselves');
  assert.ok(
    again.rests.every((milliseconds) => milliseconds >= 90),
    'it reads for a tenth of the time',
  );
  await again.freshness.stop();
});
