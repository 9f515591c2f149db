import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { NpmPackages } from './npm-packages.ts';

const signal = new AbortController().signal;
const tarball = Buffer.from('what npm gives');
const thing = {
  name: '@scope/thing',
  version: '1.2.3',
  integrity: `sha512-${createHash('sha512').update(tarball).digest('base64')}`,
};

/** A stand-in for npm: a shell script that gets npm's arguments, and a cache folder. */
function setUp(t: TestContext, script: string) {
  const folder = mkdtempSync(join(tmpdir(), 'signpost-npm-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const command = join(folder, 'npm');
  writeFileSync(command, `#!/bin/sh\n${script}\n`);
  chmodSync(command, 0o755);
  const cache = join(folder, 'cache');
  return { cache, packages: new NpmPackages(cache, command), calls: join(folder, 'calls') };
}

// $2 is the package, $4 the folder to pack into.
const gives = (text: string) =>
  `echo "$2" >>"$(dirname "$0")/calls"; printf '%s' '${text}' >"$4/scope-thing.tgz"`;

test('a package is fetched once and then read from the cache', async (t) => {
  const { packages, cache, calls } = setUp(t, gives('what npm gives'));
  assert.deepEqual(await packages.missing([thing]), [thing]);
  assert.deepEqual(await packages.fetch([thing], signal), [tarball]);
  assert.deepEqual(await packages.missing([thing]), []);
  rmSync(calls);
  assert.deepEqual(await packages.fetch([thing], signal), [tarball]);
  assert.deepEqual(readdirSync(cache), ['scope-thing-1.2.3.tgz']);
  assert.throws(() => readdirSync(calls), { code: 'ENOENT' });
});

test('a tarball that was damaged in the cache is fetched again', async (t) => {
  const { packages, cache } = setUp(t, gives('what npm gives'));
  mkdirSync(cache);
  writeFileSync(join(cache, 'scope-thing-1.2.3.tgz'), 'something else');
  assert.deepEqual(await packages.fetch([thing], signal), [tarball]);
});

test('a tarball that is not the pinned one is refused and not kept', async (t) => {
  const { packages, cache } = setUp(t, gives('what somebody else gives'));
  await assert.rejects(packages.fetch([thing], signal), {
    code: 'DIGEST_MISMATCH',
    message: /@scope\/thing@1\.2\.3 .* not the pinned one/,
  });
  assert.deepEqual(readdirSync(cache), []);
});

test('where npm cannot fetch, the message says what npm said and what to do', async (t) => {
  const { packages } = setUp(t, 'echo "npm error network is unreachable" >&2; exit 1');
  await assert.rejects(packages.fetch([thing], signal), {
    code: 'UNAVAILABLE',
    message: /@scope\/thing@1\.2\.3: npm error network is unreachable\n[^]*--image <source>/,
  });
});

test('without npm, the message says so', async (t) => {
  const { cache } = setUp(t, '');
  const packages = new NpmPackages(cache, join(cache, 'no-such-npm'));
  await assert.rejects(packages.fetch([thing], signal), { code: 'UNAVAILABLE', message: /there is no npm/ });
});

test('a stop ends the fetch', async (t) => {
  const { packages } = setUp(t, 'exec sleep 30');
  await assert.rejects(packages.fetch([thing], AbortSignal.timeout(200)), { code: 'CANCELLED' });
});
