import assert from 'node:assert/strict';
import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { SignpostError } from '../../oci/errors.ts';
import { createJsonLog } from './json-log.ts';

test('events are JSON lines from the level on, with their errors and causes', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'signpost-log-'));
  const file = join(folder, 'log');
  const log = createJsonLog('info', { now: () => Date.UTC(2026, 0, 31, 12) + 123 }, openSync(file, 'a'));
  log.debug('too small');
  log.info('request', { status: 307, mirror: undefined, tier: 'country' });
  const cause = new Error('EIO');
  log.error('broken', { error: new SignpostError('STORAGE', 'cannot read', { cause }) });
  const circular: Record<string, unknown> = {};
  circular.itself = circular;
  log.info('odd', { circular, count: 1n });
  log.setLevel('error');
  log.warn('too small now');
  log.flush();
  // The first line was handed to a thread before: flushing does not wait for it.
  while (readFileSync(file, 'utf8').split('\n').length < 4) await sleep(2);
  const lines = readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  rmSync(folder, { recursive: true });
  assert.equal(lines.length, 3);
  const [request, broken, odd] = lines;
  assert.equal(odd?.event, 'odd');
  assert.equal(odd.count, '1n');
  assert.equal(request?.time, '2026-01-31T12:00:00.123Z');
  assert.deepEqual(
    { ...request, time: '' },
    { level: 'info', time: '', status: 307, tier: 'country', event: 'request' },
  );
  const error = broken?.error as Record<string, unknown>;
  assert.equal(error.code, 'STORAGE');
  assert.equal(error.stack, undefined);
  assert.equal((error.cause as Record<string, unknown>).message, 'EIO');
});
