import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import fc from 'fast-check';
import { parse } from 'yaml';
import { clientCommands, shellCommand, writePolicy, writeRegistriesFile } from './client-setup.ts';
import { demoAddress, demoPaths } from './demo-world.ts';

const image = {
  registry: 'localhost:5443',
  repository: 'demo/app',
  tag: '1.0',
  list: `sha256:${'a'.repeat(64)}`,
  largeBlob: `sha256:${'b'.repeat(64)}`,
  tryOption: '--version',
};
const paths = demoPaths('/demo', image.registry);

test('a shell reads each word of a command as it was meant', () => {
  const word = fc.string({ minLength: 1, unit: 'grapheme' }).filter((text) => !text.includes('\0'));
  const check = fc.property(fc.array(word, { minLength: 1, maxLength: 5 }), (words) => {
    const printed = execFileSync('sh', ['-c', `printf '%s\\0' ${shellCommand(words)}`], { encoding: 'utf8' });
    assert.deepEqual(printed.split('\0').slice(0, -1), words);
  });
  fc.assert(check, { numRuns: 50 });
});

test('every tool is shown, and one command must be refused', () => {
  const commands = clientCommands(image, paths);
  assert.deepEqual(
    new Set(commands.map(({ tool }) => tool)),
    new Set(['curl', 'skopeo', 'podman', 'docker']),
  );
  const refused = commands.filter(({ succeeds }) => !succeeds);
  assert.equal(refused.length, 1);
  assert.ok(refused[0]?.argv.includes(paths.strictPolicy));
});

test('what only looks where a layer is comes from addresses from which nothing is pulled', () => {
  const looks = clientCommands(image, paths).filter(({ tool }) => tool === 'curl');
  assert.ok(looks.length > 2);
  const from = looks.map(({ argv }) => argv[argv.indexOf('--interface') + 1] ?? '');
  assert.equal(new Set(from).size, looks.length);
  assert.ok(from.every((address) => address.startsWith('127.0.1') && address !== demoAddress));
});

test('an image without a large blob has no redirect to show, and one of the user is not run', () => {
  const commands = clientCommands({ ...image, largeBlob: undefined, tryOption: undefined }, paths);
  assert.ok(commands.every(({ tool, argv }) => tool !== 'curl' && argv[1] !== 'run'));
});

test('the policy takes nothing but what the key signed', () => {
  assert.deepEqual(JSON.parse(writePolicy('localhost:5443', '/keys/release.asc')), {
    default: [{ type: 'reject' }],
    transports: {
      docker: { 'localhost:5443': [{ type: 'signedBy', keyType: 'GPGKeys', keyPath: '/keys/release.asc' }] },
    },
  });
  assert.deepEqual(parse(writeRegistriesFile('localhost:5443')), { docker: {} });
});
