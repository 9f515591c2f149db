import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { parseByteRanges, readBoundary } from '../../src/oci/byteranges.ts';
import type { ByteRange } from '../../src/oci/range.ts';
import { buildImage, buildList, writeLayout } from '../fakes/image-builder.ts';
import { mustRun } from './harness/command.ts';
import { eventually } from './harness/eventually.ts';
import { keepLogsOfFailures } from './harness/keep-logs.ts';
import { requirements } from './harness/requirements.ts';
import type { Serving } from './harness/signpost.ts';
import { startStaticMirrors, type StaticMirrors, untilAllAreIn } from './harness/static-mirrors.ts';
import { createWorld, registryName, type World } from './harness/world.ts';

// As a reader of zstd:chunked does: the table of contents at the end first, then pieces here and there.
const wanted: readonly ByteRange[] = [
  { start: 900_000, end: 900_999 },
  { start: 5, end: 9 },
  { start: 400_000, end: 400_499 },
];
const range = wanted.map(({ start, end }) => `${start}-${end}`).join(',');

describe('several parts of a blob at once', requirements('curl', 'gpg', 'nginx', 'rsync'), () => {
  let world: World;
  let mirrors: StaticMirrors;
  let serving: Serving;
  let layer: Buffer;
  let url: string;

  before(async () => {
    world = await createWorld();
    const list = buildList([buildImage({ layers: [{ noise: randomBytes(1_000_000) }] })]);
    const layout = world.work.folder('layout');
    await writeLayout(layout, list);
    await world.signpost.publish(`oci:${layout}`, 'demo/tool:1.0');
    await world.signpost.sign(world.key);
    mirrors = await startStaticMirrors(world, { germany: 'DE', france: 'FR' });
    // What some servers and most buckets do: the whole, or nothing but the first.
    await mirrors.get('france')?.configure(['max_ranges 1;']);
    serving = world.parts.use(await world.signpost.serve());
    await untilAllAreIn(serving, mirrors.keys());
    const [digest, bytes] = [...list.blobs].find(([, bytes]) => bytes.length >= 1_000_000) ?? assert.fail();
    layer = bytes;
    url = `https://${registryName}/v2/demo/tool/blobs/${digest}`;
  });
  after(async () => {
    await world[Symbol.asyncDispose]();
  });
  keepLogsOfFailures(() => world);

  const curl = async (name: string, country: 'DE' | 'FR', ...args: string[]) => {
    const { proxy, authority } = await world.createPlace(name, country);
    const body = world.work.file(`${name}.body`);
    const common = ['-sS', '-L', '--cacert', authority, '--proxy', proxy, '--noproxy', '127.0.0.0/8'];
    const told = await mustRun('curl', [
      ...common,
      '-o',
      body,
      '-w',
      '%{http_code} %{num_redirects} %{url_effective} %{content_type}',
      ...args,
      url,
    ]);
    const [status, redirects, from, ...type] = told.split(' ');
    return { status, redirects, from: from ?? '', type: type.join(' '), body: readFileSync(body) };
  };
  const assertParts = ({ status, type, body }: Awaited<ReturnType<typeof curl>>) => {
    assert.equal(status, '206');
    const parts = parseByteRanges(body, readBoundary(type) ?? assert.fail(type)) ?? assert.fail();
    assert.deepEqual(
      parts.map((part) => part.range),
      wanted,
    );
    for (const {
      range: { start, end },
      bytes,
    } of parts) {
      assert.deepEqual(Buffer.from(bytes), layer.subarray(start, end + 1));
    }
  };
  const isAt = (name: string, from: string) => from.startsWith(`${mirrors.get(name)?.url}/`);

  it('come from a mirror that sends them, past a nearer one that does not', async () => {
    const one = await curl('one', 'FR', '-r', '5-9');
    assert.ok(isAt('france', one.from), one.from);
    const several = await curl('several', 'FR', '-r', range);
    assert.ok(isAt('germany', several.from), several.from);
    assertParts(several);
    const whole = await curl('whole', 'FR');
    assert.ok(isAt('france', whole.from), 'a mirror that does not is a good one for everything else');
    assert.deepEqual(whole.body, layer);
  });

  it('come from the origin where no mirror sends them', async () => {
    await mirrors.get('germany')?.stop();
    await eventually('the mirror is out', 20_000, async () => {
      // Whoever is sent there has it probed: it fails for this client, or is not named any more.
      await curl('sent', 'DE', '-r', '5-9').catch(() => undefined);
      const told = serving.log().filter(({ event }) => event.startsWith('mirror is '));
      return told.findLast(({ mirror }) => mirror === 'germany')?.event === 'mirror is out';
    });
    const several = await curl('origin', 'DE', '-r', range);
    assert.equal(several.redirects, '0');
    assertParts(several);
  });
});
