import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buffer } from 'node:stream/consumers';
import { digestOf } from '../../src/oci/digest.ts';
import { parseRepositoryName } from '../../src/oci/reference.ts';
import type { Staging } from '../../src/ports/staging.ts';
import { signatureLimit, signaturesLimit, type TreeReader, type TreeWriter } from '../../src/ports/tree.ts';

export interface TreeSides {
  readonly staging: Staging;
  readonly writer: TreeWriter;
  readonly reader: TreeReader;
}

/** What the two sides of every tree do together. `create` makes an empty one with an empty staging area. */
export function treeContract(name: string, create: () => Promise<TreeSides>): void {
  const one = parseRepositoryName('fedora/base');
  const two = parseRepositoryName('fedora');
  const bytes = Buffer.from('the bytes of a blob');
  const digest = digestOf(bytes);
  const absent = digestOf('absent');

  async function withBlob(): Promise<TreeSides> {
    const sides = await create();
    await stage(sides.staging, bytes);
    await sides.writer.placeBlob(one, digest, 'staging');
    await sides.writer.settle();
    return sides;
  }

  test(`${name}: a staged blob that is placed can be read`, async () => {
    const { reader } = await withBlob();
    const { stream, size } = await reader.openBlob(one, digest);
    assert.equal(size, bytes.length);
    assert.deepEqual(await buffer(stream), bytes);
    assert.deepEqual(Buffer.from(await reader.readBlob(one, digest)), bytes);
  });

  test(`${name}: a part of a blob can be read`, async () => {
    const { reader } = await withBlob();
    const { stream, size } = await reader.openBlob(one, digest, { start: 4, end: 8 });
    assert.equal(size, bytes.length);
    assert.equal((await buffer(stream)).toString(), 'bytes');
    assert.equal(Buffer.from(await reader.readBlob(one, digest, { start: 4, end: 8 })).toString(), 'bytes');
  });

  test(`${name}: a blob of one repository can be placed in another, and twice`, async () => {
    const { writer, reader } = await withBlob();
    await writer.placeBlob(two, digest, one);
    await writer.placeBlob(two, digest, one);
    await writer.placeBlob(two, digest, two);
    await writer.settle();
    assert.deepEqual(Buffer.from(await reader.readBlob(two, digest)), bytes);
  });

  test(`${name}: a blob that is given as bytes is placed when they are its own, and over damage`, async () => {
    const { writer, reader } = await create();
    await writer.placeBlob(one, digest, bytes);
    await writer.placeBlob(one, digest, bytes);
    await writer.settle();
    assert.deepEqual(Buffer.from(await reader.readBlob(one, digest)), bytes);
    await assert.rejects(writer.placeBlob(one, absent, bytes), { code: 'DIGEST_MISMATCH' });
    await assert.rejects(reader.readBlob(one, absent), { code: 'NOT_FOUND' });
  });

  test(`${name}: an empty blob can be placed and read`, async () => {
    const { staging, writer, reader } = await create();
    await stage(staging, Buffer.alloc(0));
    await writer.placeBlob(one, digestOf(''), 'staging');
    await writer.settle();
    assert.equal((await reader.readBlob(one, digestOf(''))).length, 0);
  });

  test(`${name}: what is absent is NOT_FOUND`, async () => {
    const { writer, reader } = await withBlob();
    await assert.rejects(writer.placeBlob(one, absent, 'staging'), { code: 'NOT_FOUND' });
    await assert.rejects(writer.placeBlob(one, absent, two), { code: 'NOT_FOUND' });
    await assert.rejects(writer.placeBlob(one, absent, one), { code: 'NOT_FOUND' });
    await assert.rejects(reader.openBlob(one, absent), { code: 'NOT_FOUND' });
    await assert.rejects(reader.readBlob(two, digest), { code: 'NOT_FOUND' });
    await assert.rejects(reader.readManifest(one, digest), { code: 'NOT_FOUND' });
    assert.deepEqual(await reader.readSignatures(one, digest), []);
  });

  test(`${name}: a large blob is not read into memory`, async () => {
    const { staging, writer, reader } = await create();
    const large = Buffer.alloc(1024 * 1024 + 1);
    await stage(staging, large);
    await writer.placeBlob(one, digestOf(large), 'staging');
    await writer.settle();
    await assert.rejects(reader.readBlob(one, digestOf(large)), { code: 'LIMIT_EXCEEDED' });
    assert.equal((await reader.readBlob(one, digestOf(large), { start: 1, end: 10 })).length, 10);
  });

  test(`${name}: manifests are placed as they are, and checked`, async () => {
    const { writer, reader } = await create();
    await writer.placeManifest(one, digest, bytes);
    await writer.placeManifest(one, digest, bytes);
    await writer.settle();
    assert.deepEqual(Buffer.from(await reader.readManifest(one, digest)), bytes);
    await assert.rejects(writer.placeManifest(one, absent, bytes), { code: 'DIGEST_MISMATCH' });
    await assert.rejects(reader.readManifest(one, absent), { code: 'NOT_FOUND' });
  });

  test(`${name}: signatures are replaced, also by fewer`, async () => {
    const { writer, reader } = await create();
    const [a, b, c] = ['a', 'b', 'c'].map((text) => Buffer.from(text)) as [Buffer, Buffer, Buffer];
    for (const list of [[a], [b, c, a], [c, b], [], [a]]) {
      await writer.placeSignatures(one, digest, list);
      await writer.settle();
      const read = await reader.readSignatures(one, digest);
      assert.deepEqual(
        read.map((signature) => Buffer.from(signature)),
        list,
      );
    }
  });

  test(`${name}: absurd signatures are refused`, async () => {
    const { writer } = await create();
    const many = Array.from({ length: signaturesLimit + 1 }, () => Buffer.from('s'));
    const long = [Buffer.alloc(signatureLimit + 1)];
    await assert.rejects(writer.placeSignatures(one, digest, many), { code: 'LIMIT_EXCEEDED' });
    await assert.rejects(writer.placeSignatures(one, digest, long), { code: 'LIMIT_EXCEEDED' });
  });
}

async function stage(staging: Staging, bytes: Buffer): Promise<void> {
  const pieces = async function* () {
    yield bytes;
  };
  await staging.writeBlob(
    { digest: digestOf(bytes), size: bytes.length },
    async () => pieces(),
    () => {},
  );
}
