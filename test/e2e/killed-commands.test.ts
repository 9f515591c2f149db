import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { composeContent } from '../../src/cli/records/content.ts';
import { rowsOf } from '../fakes/rows-of.ts';
import { createDataFolder, type DataFolder } from '../fakes/data-folder.ts';
import { buildImage, buildList } from '../fakes/image-builder.ts';
import { createMemoryImageSource } from '../fakes/memory-image-source.ts';
import { startRegistryServer } from '../fakes/registry-server.ts';

const root = join(import.meta.dirname, '../..');
const kills = 8;

// The same moments in each run of the test, as parts of the time that an undisturbed run takes.
const moments = Array.from({ length: kills }, (_, index) => (index + 0.5) / kills);

async function assertSound(data: DataFolder, moment: string): Promise<void> {
  const report = await data.scrub();
  assert.deepEqual(report.problems, [], `after a kill at ${moment}`);
}

/** Waits for the process's first output, lets it run for `milliseconds`, and kills it. Returns whether it had ended. */
async function killAfter(child: ChildProcess, milliseconds: number): Promise<boolean> {
  const ended = once(child, 'exit');
  await Promise.race([once(child.stdout ?? assert.fail('no output'), 'data'), ended]);
  await Promise.race([setTimeout(milliseconds), ended]);
  child.kill('SIGKILL');
  await ended;
  return child.signalCode === null;
}

async function timeOf(child: ChildProcess): Promise<number> {
  const ended = once(child, 'exit');
  await once(child.stdout ?? assert.fail('no output'), 'data');
  const start = performance.now();
  const [status] = (await ended) as [number | null];
  assert.equal(status, 0);
  return performance.now() - start;
}

/** Waits until a file in `folder` has `size` bytes. */
async function untilPartial(folder: string, size: number): Promise<void> {
  for (let tries = 0; tries < 3000; tries++) {
    const names = await readdir(folder).catch(() => []);
    for (const name of names) {
      const found = await stat(join(folder, name)).catch(() => undefined);
      if (found !== undefined && found.size >= size) return;
    }
    await setTimeout(10);
  }
  assert.fail(`no file in ${folder} came to ${size} bytes`);
}

/** Bytes that do not compress, so that a layer is as large as its file. */
function noise(seed: string, length: number): Buffer {
  return createHash('shake256', { outputLength: length }).update(seed).digest();
}

test('publish can be killed at any moment, and goes on where it was', { timeout: 120_000 }, async (t) => {
  const image = buildList(
    ['linux/amd64', 'linux/arm64'].map((platform) =>
      buildImage({
        platform,
        layers: ['a', 'b'].map((name) => ({ [name]: noise(platform + name, 2_000_000) })),
      }),
    ),
  );
  const registry = await startRegistryServer({ 'fedora:41': image }, { knobs: { pace: 10 } });
  t.after(() => registry.close());
  await using data = await createDataFolder();
  const config = `${data.path}.yaml`;
  t.after(() => rm(config, { force: true }));
  const key = join(root, 'test/vectors/openpgp/ed25519.pgp');
  await writeFile(config, `repositories: [{ match: fedora, keys: [${key}] }]\n`);
  const publish = () =>
    spawn(
      process.execPath,
      [
        join(root, 'src/cli/main.ts'),
        'publish',
        `docker://${registry.host}/fedora:41`,
        'fedora:41',
        '--source-plain-http',
        '--json',
        '--data',
        data.path,
        '--config',
        config,
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
  const whole = await timeOf(publish());
  assert.equal((await data.staged()).length, 1);

  let interrupted = 0;
  for (const moment of moments) {
    if ((await data.staged()).length > 0) await rm(data.path, { recursive: true });
    if (!(await killAfter(publish(), moment * whole))) interrupted++;
    await assertSound(data, `${Math.round(moment * 100)}% of publish`);
  }
  assert.ok(interrupted > 0, 'no kill came before the end');

  // Part of a blob, and then to the end: what was there is not asked for again.
  await rm(data.path, { recursive: true });
  registry.knobs.pace = 30;
  const broken = publish();
  await untilPartial(join(data.path, 'staging', 'partial'), 1_000_000);
  await killAfter(broken, 0);
  registry.knobs.pace = 0;
  const before = registry.seen.length;
  const finished = publish();
  const output: Buffer[] = [];
  finished.stdout?.on('data', (piece: Buffer) => output.push(piece));
  const [status] = (await once(finished, 'close')) as [number];
  assert.equal(status, 0);
  const result = JSON.parse(Buffer.concat(output).toString().trim().split('\n').at(-1) ?? '') as {
    blobs: Record<string, number>;
  };
  assert.ok((result.blobs.resumed ?? 0) + (result.blobs.present ?? 0) > 0, JSON.stringify(result.blobs));
  assert.ok(registry.seen.slice(before).some(({ headers }) => headers.range !== undefined));
  await assertSound(data, 'the end');
  assert.deepEqual(
    (await data.staged()).map(({ list }) => list),
    [image.digest],
  );
});

test(
  'placing a publication can be killed at any moment, and can be done again',
  { timeout: 120_000 },
  async () => {
    const image = buildList([
      buildImage({
        layers: Array.from({ length: 40 }, (_, index) => ({ [`file${index}`]: noise(String(index), 320) })),
      }),
    ]);
    await using data = await createDataFolder();
    const place = () =>
      spawn(process.execPath, [join(root, 'test/fakes/place-staged.ts'), data.path], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
    const stage = async (tag: string) => {
      await data.publish(createMemoryImageSource(image), `fedora/base:${tag}`, { renew: true });
    };
    await stage('0');
    const whole = await timeOf(place());

    const seen = { published: 0, not: 0 };
    for (const moment of moments) {
      await rm(data.path, { recursive: true });
      await stage('1');
      await killAfter(place(), moment * whole);
      await assertSound(data, `${Math.round(moment * 100)}% of placing`);
      await using content = await composeContent({ data: data.path }, 'test');
      const isPublished = (await rowsOf(content.publishedContent.tags())).length === 1;
      seen[isPublished ? 'published' : 'not']++;
      assert.equal(
        (await data.staged()).length,
        isPublished ? 0 : 1,
        'an image is staged or published, never both or neither',
      );
      // The marker never claims more than the database, and a repair brings it up to date where it is behind.
      const serial = async () => (await content.contents.readMarker())?.serial ?? 0;
      assert.ok((await serial()) <= (isPublished ? 1 : 0));
      assert.deepEqual((await data.scrub({ repair: true })).problems, []);
      assert.equal(await serial(), isPublished ? 1 : 0);
    }
    assert.ok(seen.not > 0, 'no kill came before the end');

    if ((await data.staged()).length === 0) await stage('2');
    const { serial } = await data.placeStaged();
    assert.ok(serial >= 1);
    const report = await data.scrub({ repair: true });
    assert.deepEqual(report.problems, []);
    assert.equal((await data.scrub()).counts.notices, 0);
  },
);
