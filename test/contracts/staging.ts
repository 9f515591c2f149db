import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Digest, digestOf } from '../../src/oci/digest.ts';
import { SignpostError } from '../../src/oci/errors.ts';
import type { StagedBlobCheck, Staging, StagingRoom } from '../../src/ports/staging.ts';
import { type BuiltManifest, buildImage, buildList } from '../fakes/image-builder.ts';

/** What every Staging does. `create` makes an empty one. */
export function stagingContract(
  name: string,
  create: () => Promise<Staging & StagedBlobCheck & StagingRoom>,
): void {
  const bytes = Buffer.alloc(300_000, 'signpost ');
  const blob = { digest: digestOf(bytes), size: bytes.length };

  test(`${name}: a blob that is copied is there`, async () => {
    const staging = await create();
    const told: number[] = [];
    assert.equal(await staging.hasBlob(blob.digest), false);
    assert.equal(await staging.writeBlob(blob, from(bytes), (n) => told.push(n)), 'copied');
    assert.equal(await staging.hasBlob(blob.digest), true);
    assert.equal(sum(told), blob.size);
  });

  test(`${name}: what is still to be copied is known, with room for it`, async () => {
    const staging = await create();
    assert.equal(await staging.neededFor(blob), blob.size);
    const free = await staging.free();
    assert.ok(free === undefined || free > 0);
    await assert.rejects(staging.writeBlob(blob, from(bytes, 100_000), ignore), { code: 'UNAVAILABLE' });
    assert.equal(await staging.neededFor(blob), blob.size - 100_000);
    await staging.writeBlob(blob, from(bytes, undefined), ignore);
    assert.equal(await staging.neededFor(blob), 0);
  });

  test(`${name}: a blob that is checked is whole, absent, or damaged and gone`, async () => {
    const staging = await create();
    const told: number[] = [];
    const check = (size: number) => staging.checkBlob({ ...blob, size }, { advance: (n) => told.push(n) });
    assert.equal(await check(blob.size), 'absent');
    await staging.writeBlob(blob, from(bytes), ignore);
    assert.equal(await check(blob.size), 'whole');
    assert.equal(sum(told), blob.size);
    assert.equal(await check(blob.size - 1), 'damaged');
    assert.equal(await staging.hasBlob(blob.digest), false);
    assert.equal(await staging.writeBlob(blob, from(bytes), ignore), 'copied');
  });

  test(`${name}: a blob that is there is not asked for`, async () => {
    const staging = await create();
    await staging.writeBlob(blob, from(bytes), ignore);
    assert.equal(await staging.writeBlob(blob, () => assert.fail('asked'), ignore), 'present');
  });

  test(`${name}: an empty blob can be staged`, async () => {
    const staging = await create();
    const empty = { digest: digestOf(''), size: 0 };
    await staging.writeBlob(empty, from(Buffer.alloc(0)), ignore);
    assert.equal(await staging.hasBlob(empty.digest), true);
  });

  test(`${name}: an interrupted copy resumes where it broke`, async () => {
    const staging = await create();
    await assert.rejects(staging.writeBlob(blob, from(bytes, 100_000), ignore), { code: 'UNAVAILABLE' });
    assert.equal(await staging.hasBlob(blob.digest), false);
    const offsets: number[] = [];
    const told: number[] = [];
    const how = await staging.writeBlob(blob, from(bytes, undefined, offsets), (n) => told.push(n));
    assert.equal(how, 'resumed');
    assert.deepEqual(offsets, [100_000]);
    assert.equal(sum(told), blob.size);
  });

  test(`${name}: a source that cannot start in the middle is read from the start`, async () => {
    const staging = await create();
    await assert.rejects(staging.writeBlob(blob, from(bytes, 100_000), ignore), { code: 'UNAVAILABLE' });
    await staging.writeBlob(
      blob,
      async (offset) => {
        if (offset > 0) throw new SignpostError('SOURCE_INVALID', 'cannot start in the middle');
        return pieces(bytes);
      },
      ignore,
    );
    assert.equal(await staging.hasBlob(blob.digest), true);
  });

  test(`${name}: a resumed copy whose first part was wrong is copied again`, async () => {
    const staging = await create();
    const wrong = Buffer.alloc(bytes.length, 'wrong');
    await assert.rejects(staging.writeBlob(blob, from(wrong, 100_000), ignore), { code: 'UNAVAILABLE' });
    const offsets: number[] = [];
    const told: number[] = [];
    await staging.writeBlob(blob, from(bytes, undefined, offsets), (n) => told.push(n));
    assert.deepEqual(offsets, [100_000, 0]);
    assert.equal(sum(told), blob.size);
    assert.equal(await staging.hasBlob(blob.digest), true);
  });

  const bad: readonly (readonly [string, Buffer, RegExp])[] = [
    ['wrong bytes', Buffer.alloc(bytes.length, 'x'), new RegExp(`${blob.digest}.*got sha256:`)],
    ['too few bytes', bytes.subarray(0, 299_999), /expected 300000 bytes, got 299999/],
    ['too many bytes', Buffer.concat([bytes, bytes]), /expected 300000 bytes, got 3/],
  ];
  for (const [what, sent, message] of bad) {
    test(`${name}: ${what} are refused and nothing of them is kept`, async () => {
      const staging = await create();
      await assert.rejects(staging.writeBlob(blob, from(sent), ignore), { code: 'DIGEST_MISMATCH', message });
      assert.equal(await staging.hasBlob(blob.digest), false);
      const offsets: number[] = [];
      await staging.writeBlob(blob, from(bytes, undefined, offsets), ignore);
      assert.deepEqual(offsets, [0]);
    });
  }

  test(`${name}: a source that never ends is stopped`, async () => {
    const staging = await create();
    let sent = 0;
    const endless = async function* () {
      for (; sent < 100_000_000; sent += bytes.length) yield bytes;
    };
    await assert.rejects(
      staging.writeBlob(blob, async () => endless(), ignore),
      { code: 'DIGEST_MISMATCH' },
    );
    assert.ok(sent <= 2 * bytes.length, `${sent} bytes were taken`);
  });

  test(`${name}: manifests are kept as they are and checked`, async () => {
    const staging = await create();
    const manifest = Buffer.from('{ "schemaVersion": 2 }');
    await staging.writeManifest(digestOf(manifest), manifest);
    await staging.writeManifest(digestOf(manifest), manifest);
    assert.deepEqual(Buffer.from(await staging.readManifest(digestOf(manifest))), manifest);
    await assert.rejects(staging.writeManifest(digestOf('other'), manifest), { code: 'DIGEST_MISMATCH' });
    await assert.rejects(staging.readManifest(digestOf('other')), { code: 'NOT_FOUND' });
  });

  test(`${name}: discarding an image keeps what others need`, async () => {
    const staging = await create();
    const shared = { 'etc/motd': 'shared' };
    const [one, two] = ['one', 'two'].map((text) => buildList([buildImage({ layers: [shared, { text }] })]));
    if (one === undefined || two === undefined) throw new Error('two images');
    await stage(staging, one);
    await stage(staging, two);
    await staging.discard([one.digest], [two.digest]);
    assert.deepEqual(
      await present(staging, [...one.blobs.keys()]),
      [...one.blobs.keys()].filter((d) => two.blobs.has(d)),
    );
    assert.deepEqual(await present(staging, [...two.blobs.keys()]), [...two.blobs.keys()]);
    await assert.rejects(staging.readManifest(one.digest), { code: 'NOT_FOUND' });
    await staging.readManifest(two.digest);
    await staging.discard([one.digest], [two.digest]);
    await staging.discard([two.digest], []);
    assert.deepEqual(await present(staging, [...two.blobs.keys()]), []);
  });
}

async function stage(staging: Staging, built: BuiltManifest): Promise<void> {
  for (const [digest, bytes] of built.blobs) {
    await staging.writeBlob({ digest, size: bytes.length }, from(bytes), ignore);
  }
  for (const [digest, { manifest }] of built.manifests) await staging.writeManifest(digest, manifest);
}

async function present(staging: Staging, digests: readonly Digest[]): Promise<readonly Digest[]> {
  const found: Digest[] = [];
  for (const digest of digests) if (await staging.hasBlob(digest)) found.push(digest);
  return found;
}

function from(bytes: Buffer, breakAfter?: number, offsets: number[] = []) {
  return async (offset: number) => {
    offsets.push(offset);
    return pieces(bytes.subarray(offset), breakAfter);
  };
}

async function* pieces(bytes: Buffer, breakAfter = Infinity) {
  const end = Math.min(bytes.length, breakAfter);
  for (let start = 0; start < end; start += 70_000) {
    yield bytes.subarray(start, Math.min(start + 70_000, end));
  }
  if (end === breakAfter) throw new SignpostError('UNAVAILABLE', 'the connection broke');
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

function ignore(): void {
  // Nobody watches.
}
