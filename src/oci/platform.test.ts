import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isSignpostError } from './errors.ts';
import { formatPlatform, parsePlatform, platformMatches } from './platform.ts';

test('platforms are read and printed back', () => {
  for (const text of ['linux/amd64', 'linux/arm/v7', 'windows/amd64', 'linux/ppc64le']) {
    assert.equal(formatPlatform(parsePlatform(text)), text);
  }
  assert.equal(formatPlatform(parsePlatform('s390x')), 'linux/s390x');
});

test('anything else is refused', () => {
  for (const text of ['', '/', 'linux/', 'linux/a/b/c', 'linux/am d64', '../x', 'linux/amd64\n']) {
    assert.throws(
      () => parsePlatform(text),
      (error) => isSignpostError(error, 'REFERENCE_INVALID'),
      text,
    );
  }
});

test('the words of a stranger are quoted in what people read, and cut', () => {
  const shown = formatPlatform({
    os: 'linux\nverified: all\u001b[2J',
    architecture: 'a/b',
    variant: 'v'.repeat(999),
  });
  assert.equal(shown, String.raw`"linux\nverified: all\u001b[2J"/"a/b"/"${'v'.repeat(80)}…"`);
});

test('a variant that is not asked for does not matter; one that is asked for does', () => {
  const armV7 = { os: 'linux', architecture: 'arm', variant: 'v7' };
  assert.ok(platformMatches({ os: 'linux', architecture: 'arm' }, armV7));
  assert.ok(platformMatches(armV7, armV7));
  assert.ok(!platformMatches(armV7, { os: 'linux', architecture: 'arm' }));
  assert.ok(!platformMatches({ os: 'linux', architecture: 'arm64' }, armV7));
});
