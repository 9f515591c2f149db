import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { startFaultyMirror } from '../../test/fakes/faulty-mirror.ts';
import type { MirrorFault } from '../../test/fakes/mirror-faults.ts';
import {
  createOrigin,
  temporaryFolder,
  sync,
  assertSame,
  assertNoClaim,
} from '../../test/fakes/synced-origin.ts';

const faults: readonly MirrorFault[] = [
  'refused',
  'stall-handshake',
  'stall',
  'stall-body',
  'truncated',
  'reset',
  'drip',
  'corrupt',
  'short-file',
  'no-range',
  'wrong-content-range',
  'content-encoding',
  'endless',
  'long-headers',
  'status-404',
  'status-503',
];
suite('a mirror harms nobody', { concurrency: 16 }, () => {
  for (const fault of faults) {
    test(`with the fault ${fault}`, async (t) => {
      const { tree, server } = await createOrigin(t);
      const mirror = await startFaultyMirror({ root: tree, fault });
      t.after(() => mirror.close());
      const copy = await temporaryFolder(t);
      const report = await sync(server.url, copy, { alsoFrom: [mirror.url], timeout: 1500 });
      await assertSame(tree, copy);
      if (fault === 'corrupt') assert.match(report.sources[1]?.left ?? '', /wrong bytes/);
      if (fault === 'endless') assert.match(report.sources[1]?.left ?? '', /sends more than/);
    });
  }
});

test('an origin that is bad is a clear error, and nothing is claimed', async (t) => {
  const { tree, server } = await createOrigin(t);
  for (const fault of ['corrupt', 'endless', 'status-503', 'short-file', 'drip'] as const) {
    const copy = await temporaryFolder(t);
    await server.setFault(fault, { paths: /\/v2\// });
    const code = ['corrupt', 'endless', 'short-file'].includes(fault) ? 'DIGEST_MISMATCH' : 'UNAVAILABLE';
    await assert.rejects(sync(server.url, copy, { timeout: fault === 'drip' ? 300 : 5000 }), { code }, fault);
    await assertNoClaim(tree, copy);
    await server.setFault('none');
    await sync(server.url, copy);
    await assertSame(tree, copy);
  }
  for (const fault of ['refused', 'status-404', 'stall', 'endless'] as const) {
    await server.setFault(fault);
    const code = fault === 'endless' ? 'SOURCE_INVALID' : 'UNAVAILABLE';
    await assert.rejects(sync(server.url, await temporaryFolder(t), { timeout: 200 }), { code }, fault);
  }
});
