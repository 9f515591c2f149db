import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf } from '../../src/oci/digest.ts';
import { parseRepositoryName, parseTagName } from '../../src/oci/reference.ts';
import type { ReceivedSignatures } from '../../src/ports/received-signatures.ts';
import type { SignatureFormat } from '../../src/trust/signature-format.ts';

/** What every keeper of received signatures must do. `create` gives an empty one. */
export function testReceivedSignatures(
  name: string,
  create: () => ReceivedSignatures | Promise<ReceivedSignatures>,
): void {
  const image = (serial: number, list = 'list', tag = '1') => ({
    repository: parseRepositoryName('a/b'),
    tag: parseTagName(tag),
    list: digestOf(list),
    serial,
  });
  const signature = (
    fingerprint: string,
    text: string,
    digest = 'manifest',
    format: SignatureFormat = 'simple',
  ) => ({ format, digest: digestOf(digest), fingerprint, signature: Buffer.from(text) });
  const plain = async (received: ReceivedSignatures, ...of: Parameters<typeof image>) =>
    (await received.list(image(...of))).map(
      (item) => `${item.fingerprint} ${Buffer.from(item.signature).toString()}`,
    );

  test(`${name}: adds up what different keys signed for one request`, async () => {
    const received = await create();
    await received.put(image(1), [signature('B', 'by b')]);
    await received.put(image(1), [signature('A', 'by a')]);
    await received.put(image(1, 'list', '2'), [signature('A', 'another tag')]);
    assert.deepEqual(await plain(received, 1), ['A by a', 'B by b']);
    assert.deepEqual(await plain(received, 2), []);
  });

  test(`${name}: what a key signed again replaces what it signed before`, async () => {
    const received = await create();
    await received.put(image(1), [signature('A', 'old'), signature('A', 'other digest', 'x')]);
    await received.put(image(1), [signature('A', 'new')]);
    assert.deepEqual((await plain(received, 1)).sort(), ['A new', 'A other digest']);
  });

  test(`${name}: keeps what one key signed in several formats`, async () => {
    const received = await create();
    await received.put(image(1), [
      signature('A', 'simple'),
      signature('A', 'sigstore', 'manifest', 'sigstore'),
    ]);
    await received.put(image(1), [signature('A', 'cosign', 'manifest', 'cosign')]);
    const found = await received.list(image(1));
    assert.deepEqual(
      found.map(({ format }) => format),
      ['cosign', 'sigstore', 'simple'],
    );
    assert.deepEqual(await plain(received, 1), ['A cosign', 'A sigstore', 'A simple']);
  });

  test(`${name}: forgets another list and older requests, not newer ones`, async () => {
    const received = await create();
    await received.put(image(2), [signature('A', 'two')]);
    await received.put(image(1), [signature('A', 'one')]);
    assert.deepEqual(await plain(received, 2), ['A two']);
    await received.put(image(3), [signature('A', 'three')]);
    assert.deepEqual(await plain(received, 1), []);
    assert.deepEqual(await plain(received, 2), []);
    await received.put(image(3, 'other'), [signature('A', 'other list')]);
    assert.deepEqual(await plain(received, 3), []);
    assert.deepEqual(await plain(received, 3, 'other'), ['A other list']);
  });

  test(`${name}: removes all of a tag`, async () => {
    const received = await create();
    await received.put(image(1), [signature('A', 'a')]);
    await received.put(image(1, 'list', '2'), [signature('A', 'kept')]);
    await received.remove(image(1).repository, image(1).tag);
    assert.deepEqual(await plain(received, 1), []);
    assert.deepEqual(await plain(received, 1, 'list', '2'), ['A kept']);
  });
}
