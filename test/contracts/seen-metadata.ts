import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SeenMetadata } from '../../src/ports/seen-metadata.ts';

export function testSeenMetadata(name: string, create: () => SeenMetadata): void {
  test(`${name}: what was never seen is empty`, async () => {
    assert.equal((await create().find('tuf images.example.org')).size, 0);
  });

  test(`${name}: what is remembered replaces what was there, for that name alone`, async () => {
    const seen = create();
    await seen.remember('a', new Map([['root.json', Buffer.from('one')]]));
    await seen.remember('b', new Map([['root.json', Buffer.from([0, 255])]]));
    await seen.remember('a', new Map([['timestamp.json', Buffer.from('two')]]));
    const files = await seen.find('a');
    assert.deepEqual([...files.keys()], ['timestamp.json']);
    assert.equal(Buffer.from(files.get('timestamp.json') ?? []).toString(), 'two');
    assert.deepEqual([...((await seen.find('b')).get('root.json') ?? [])], [0, 255]);
  });
}
