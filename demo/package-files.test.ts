import assert from 'node:assert/strict';
import { test } from 'node:test';
import { packLayer } from './layer.ts';
import { readPackageFiles } from './package-files.ts';

const file = (path: string, text: string) => ({ path, mode: 0o644, bytes: Buffer.from(text) });

test('files are read in the order in which they were asked for', async () => {
  const { bytes } = await packLayer([file('package/a', 'first'), file('package/bin/b', 'second')]);
  const [b, a] = await readPackageFiles(bytes, ['bin/b', 'a']);
  assert.deepEqual([a?.toString(), b?.toString()], ['first', 'second']);
});

test('a file that is not there is named', async () => {
  const { bytes } = await packLayer([file('package/a', 'first')]);
  await assert.rejects(readPackageFiles(bytes, ['b']), { code: 'SOURCE_INVALID', message: /no file b/ });
});

test('what is no tarball, or a torn one, is refused', { timeout: 10_000 }, async () => {
  await assert.rejects(readPackageFiles(Buffer.alloc(2048, 'x'), ['a']), { code: 'SOURCE_INVALID' });
  const { bytes } = await packLayer([file('package/a', 'x'.repeat(5000))]);
  await assert.rejects(readPackageFiles(bytes.subarray(0, bytes.length / 2), ['a']), {
    code: 'SOURCE_INVALID',
  });
});
