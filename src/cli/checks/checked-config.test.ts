import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { isSignpostError } from '../../oci/errors.ts';
import { loadCheckedConfig, loadCheckedConfigAside } from './checked-config.ts';

const folder = mkdtempSync(join(tmpdir(), 'signpost-checked-config-'));
after(() => rmSync(folder, { recursive: true }));
const file = join(folder, 'signpost.yaml');
const yaml = `data: ${folder}
mirrors: { probeInterval: 9s, allowAddresses: [10.0.0.0/8] }
places: { overrides: [{ netblock: 192.0.2.0/24, country: NZ }] }
`;

test('a configuration that is read aside is the same', async () => {
  writeFileSync(file, yaml);
  const options = { config: file };
  assert.deepEqual(
    await loadCheckedConfigAside(options, 'serving'),
    await loadCheckedConfig(options, 'serving'),
  );
});

test('what is wrong with a configuration that is read aside is said as ever', async () => {
  writeFileSync(
    file,
    'mirrors: { certificateAuthorities: [absent.pem] }\nplaces: { asnDatabase: none.mmdb }\n',
  );
  const options = { config: file };
  const expected = await loadCheckedConfig(options, 'serving').catch((error: unknown) => error);
  assert.ok(isSignpostError(expected, 'CONFIG_INVALID') && /none\.mmdb/.test(expected.message));
  await assert.rejects(
    loadCheckedConfigAside(options, 'serving'),
    (error) => isSignpostError(error, 'CONFIG_INVALID') && error.message === expected.message,
  );
});

test('whoever waits for a configuration that is read aside can do something else meanwhile', async () => {
  const pipe = join(folder, 'pipe.yaml');
  assert.equal(spawnSync('mkfifo', [pipe]).status, 0);
  // It ends, and with it the configuration, although nobody writes any.
  const writer = spawn('sh', ['-c', `timeout 30 cat > '${pipe}'`], { stdio: ['pipe', 'ignore', 'ignore'] });
  const loading = loadCheckedConfigAside({ config: pipe }, 'serving');
  writer.stdin.end(yaml);
  assert.equal((await loading).mirrors.probeInterval, 9000);
});
