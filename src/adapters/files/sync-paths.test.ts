import assert from 'node:assert/strict';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { statIfThere } from './atomic-file.ts';
import { syncPaths } from './sync-paths.ts';

const elsewhere = '/dev/shm';
const isElsewhere = ![undefined, statSync(tmpdir()).dev].includes(statIfThere(elsewhere)?.dev);

test('of many files each file system is waited for', { skip: !isElsewhere }, async (t) => {
  const create = async (parent: string) => {
    const folder = await mkdtemp(join(parent, 'signpost-sync-paths-'));
    t.after(() => rm(folder, { recursive: true }));
    return folder;
  };
  const [here, there] = [await create(tmpdir()), await create(elsewhere)];
  const { PATH } = process.env;
  t.after(() => Object.assign(process.env, { PATH }));
  process.env.PATH = here;
  const log = join(here, 'log');
  writeFileSync(join(here, 'sync'), `#!/bin/sh\necho "$2" >> ${log}\n`, { mode: 0o755 });
  const paths = Array.from({ length: 300 }, (_, at) => join(at % 2 === 0 ? here : there, `${at}`));
  for (const path of paths) writeFileSync(path, '');
  await syncPaths(paths);
  const waited = readFileSync(log, 'utf8').trim().split('\n');
  assert.deepEqual(
    waited.map((path) => statSync(path).dev),
    [statSync(here).dev, statSync(there).dev],
  );
});
