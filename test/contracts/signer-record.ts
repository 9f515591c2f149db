import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf } from '../../src/oci/digest.ts';
import type { SignerRecord } from '../../src/ports/signer-record.ts';

/** What every signer's record must do. `create` gives an empty one. */
export function testSignerRecord(name: string, create: () => SignerRecord): void {
  const answer = { request: digestOf('a request'), bundle: digestOf('a bundle') };
  const tag = (reference: string, serial: number, content = 'a') => ({
    reference,
    list: digestOf(content),
    serial,
    signed: 1_700_000_000_000,
  });

  test(`${name}: knows nothing at first`, () => {
    const record = create();
    assert.equal(record.find('host/a:1'), undefined);
    assert.equal(record.highestSerial('host/a'), 0);
    assert.equal(record.findBundle(answer.request), undefined);
  });

  test(`${name}: knows which bundle answers a request`, () => {
    const record = create();
    record.add([tag('host/a:1', 1)], answer);
    assert.equal(record.findBundle(answer.request), answer.bundle);
    assert.equal(record.findBundle(answer.bundle), undefined);
    record.add([tag('host/a:1', 1)], { ...answer, bundle: digestOf('a later bundle') });
    assert.equal(record.findBundle(answer.request), digestOf('a later bundle'));
  });

  test(`${name}: gives back what was added, and the newest of a tag`, () => {
    const record = create();
    record.add([tag('host:5000/a/b:1', 3), tag('host:5000/a/b:2', 3)], answer);
    record.add([tag('host:5000/a/b:1', 4, 'b')], answer);
    assert.deepEqual(record.find('host:5000/a/b:1'), tag('host:5000/a/b:1', 4, 'b'));
    assert.deepEqual(record.find('host:5000/a/b:2'), tag('host:5000/a/b:2', 3));
  });

  test(`${name}: keeps the newest file of each name`, () => {
    const record = create();
    assert.equal(record.files().size, 0);
    const file = (title: string, text: string) => ({ name: title, bytes: Buffer.from(text) });
    record.add([], answer, [file('a', '1'), file('b', '1')]);
    record.add([], answer, [file('a', '2')]);
    const files = [...record.files()].map(([title, bytes]) => [title, Buffer.from(bytes).toString()]);
    assert.deepEqual(Object.fromEntries(files), { a: '2', b: '1' });
  });

  test(`${name}: keeps the highest serial of each repository, also after a rollback`, () => {
    const record = create();
    record.add([tag('host/a:1', 7)], answer);
    record.add([tag('host/a:1', 5), tag('host/b:1', 2)], answer);
    assert.equal(record.highestSerial('host/a'), 7);
    assert.equal(record.highestSerial('host/b'), 2);
    assert.equal(record.highestSerial('host/a:1'), 0);
    assert.equal(record.find('host/a:1')?.serial, 5);
  });
}
