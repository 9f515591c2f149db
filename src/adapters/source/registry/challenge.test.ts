import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseChallenges } from './challenge.ts';

const read = (header: string | undefined) =>
  parseChallenges(header).map(({ scheme, parameters }) => ({ scheme, ...Object.fromEntries(parameters) }));

test('reads the challenge of a token server', () => {
  assert.deepEqual(
    read(
      'Bearer realm="https://auth.example/token",service="registry.example",scope="repository:a/b:pull,push"',
    ),
    [
      {
        scheme: 'bearer',
        realm: 'https://auth.example/token',
        service: 'registry.example',
        scope: 'repository:a/b:pull,push',
      },
    ],
  );
});

test('reads several challenges in one header', () => {
  assert.deepEqual(read('Basic realm="a, b", Bearer realm=x , service = "y\\"z"'), [
    { scheme: 'basic', realm: 'a, b' },
    { scheme: 'bearer', realm: 'x', service: 'y"z' },
  ]);
  assert.deepEqual(read('Negotiate, Basic realm=""'), [
    { scheme: 'negotiate' },
    { scheme: 'basic', realm: '' },
  ]);
});

test('a repeated parameter counts once, the first time', () => {
  assert.deepEqual(read('Bearer realm="first", realm="second"'), [{ scheme: 'bearer', realm: 'first' }]);
});

test('no header, and what cannot be read, are no challenge', () => {
  assert.deepEqual(read(undefined), []);
  assert.deepEqual(read('"'), []);
});

test('ends for any header', () => {
  fc.assert(fc.property(fc.string({ maxLength: 500 }), (header) => Array.isArray(parseChallenges(header))));
});
