import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from '../src/cli/config/config.ts';
import { writeDemoConfig } from './demo-config.ts';
import { demoMirrors, demoPaths } from './demo-world.ts';

test('the configuration is one that Signpost takes, and places clients as asked', () => {
  const paths = demoPaths('/demo', 'localhost:5443');
  const yaml = writeDemoConfig({ registry: 'localhost:5443', port: 5443, country: 'FR' }, paths);
  const config = parseConfig(yaml, 'the demo');
  assert.equal(config.registry.name, 'localhost:5443');
  assert.deepEqual(config.registry.listen, [
    { address: '127.0.0.1', port: 5443, tls: { certificate: paths.certificate, key: paths.key } },
  ]);
  assert.deepEqual(config.places.overrides[0], { netblock: '127.0.0.0/8', country: 'FR' });
  assert.equal(config.places.overrides.length, 1 + demoMirrors.length);
});
