import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf } from '../../src/oci/digest.ts';
import { parseRepositoryName, parseTagName } from '../../src/oci/reference.ts';
import type { ReceivedSignatures } from '../../src/ports/received-signatures.ts';
import type { SignatureFormat } from '../../src/trust/signature-format.ts';

/** What every keeper of received signatures must do. `create` gives an empty one. */
export function testReceivedSignatures(name: string, create: () => ReceivedSignatures): void {
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
  const plain = (received: ReceivedSignatures, ...of: Parameters<typeof image>) =>
    received
      .list(image(...of))
      .map((item) => `${item.fingerprint} ${Buffer.from(item.signature).toString()}`);

  test(`${name}: adds up what different keys signed for one request`, () => {
    const received = create();
    received.put(image(1), [signature('B', 'by b')]);
    received.put(image(1), [signature('A', 'by a')]);
    received.put(image(1, 'list', '2'), [signature('A', 'another tag')]);
    assert.deepEqual(plain(received, 1), ['A by a', 'B by b']);
    assert.deepEqual(plain(received, 2), []);
  });

  test(`${name}: what a key signed again replaces what it signed before`, () => {
    const received = create();
    received.put(image(1), [signature('A', 'old'), signature('A', 'other digest', 'x')]);
    received.put(image(1), [signature('A', 'new')]);
    assert.deepEqual(plain(received, 1).sort(), ['A new', 'A other digest']);
  });

  test(`${name}: keeps what one key signed in several formats`, () => {
    const received = create();
    received.put(image(1), [signature('A', 'simple'), signature('A', 'sigstore', 'manifest', 'sigstore')]);
    received.put(image(1), [signature('A', 'cosign', 'manifest', 'cosign')]);
    const found = received.list(image(1));
    assert.deepEqual(
      found.map(({ format }) => format),
      ['cosign', 'sigstore', 'simple'],
    );
    assert.deepEqual(plain(received, 1), ['A cosign', 'A sigstore', 'A simple']);
  });

  test(`${name}: forgets another list and older requests, not newer ones`, () => {
    const received = create();
    received.put(image(2), [signature('A', 'two')]);
    received.put(image(1), [signature('A', 'one')]);
    assert.deepEqual(plain(received, 2), ['A two']);
    received.put(image(3), [signature('A', 'three')]);
    assert.deepEqual(plain(received, 1), []);
    assert.deepEqual(plain(received, 2), []);
    received.put(image(3, 'other'), [signature('A', 'other list')]);
    assert.deepEqual(plain(received, 3), []);
    assert.deepEqual(plain(received, 3, 'other'), ['A other list']);
  });

  test(`${name}: removes all of a tag`, () => {
    const received = create();
    received.put(image(1), [signature('A', 'a')]);
    received.put(image(1, 'list', '2'), [signature('A', 'kept')]);
    received.remove(image(1).repository, image(1).tag);
    assert.deepEqual(plain(received, 1), []);
    assert.deepEqual(plain(received, 1, 'list', '2'), ['A kept']);
  });
}
