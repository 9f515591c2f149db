import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { readBlob } from '../../../../test/contracts/image-source.ts';
import { fails } from '../../../../test/fakes/expect-error.ts';
import { noiseLayer, quickRetry, readLayer, withRegistry } from '../../../../test/fakes/registry-fixture.ts';
import { digestOf } from '../../../oci/digest.ts';

describe('blobs', () => {
  withRegistry(
    'a broken stream goes on where it broke',
    { truncateAfter: 100_000, faults: 3 },
    async (source, server) => {
      assert.equal(digestOf(await readLayer(source)), noiseLayer.digest);
      const ranges = server.seen.map(({ headers }) => headers.range);
      assert.deepEqual(
        ranges.map((range) => range?.replace(/=\d+-/, '=n-')),
        [undefined, 'bytes=n-', 'bytes=n-', 'bytes=n-'],
      );
    },
  );

  withRegistry(
    'a stream that always breaks fails in the end',
    { truncateAfter: 10 },
    async (source, server) => {
      await assert.rejects(readLayer(source), fails('UNAVAILABLE', ''));
      assert.equal(server.seen.length, quickRetry.attempts);
    },
  );

  withRegistry(
    'a stream that stands still is taken up again',
    { stallAfter: 1000, faults: 1 },
    async (source) => {
      assert.equal(digestOf(await readLayer(source)), noiseLayer.digest);
    },
    { timeouts: { idle: 100 } },
  );

  withRegistry(
    'a slow reader is not taken for a silent peer',
    {},
    async (source) => {
      let size = 0;
      for await (const piece of await source.blob(noiseLayer, 0, new AbortController().signal)) {
        size += piece.length;
        await new Promise((resolve) => setTimeout(resolve, 60));
      }
      assert.equal(size, noiseLayer.size);
    },
    { timeouts: { idle: 40 } },
  );

  withRegistry(
    'a registry that ignores ranges is told from one that resumes',
    { ignoreRange: true },
    async (source) => {
      await assert.rejects(
        source.blob(noiseLayer, 5, new AbortController().signal),
        fails('SOURCE_INVALID', 'middle'),
      );
    },
  );

  withRegistry(
    'an answer from another place than was asked for is refused',
    { wrongRange: true },
    async (source) => {
      await assert.rejects(readLayer(source, 5), fails('SOURCE_INVALID', 'from byte 5'));
    },
  );

  withRegistry('one of another length than its descriptor says is refused', {}, async (source) => {
    for (const size of [1, noiseLayer.size + 1]) {
      await assert.rejects(
        readBlob(source, { ...noiseLayer, size }, 0),
        fails('SOURCE_INVALID', 'descriptor says'),
      );
    }
  });

  withRegistry(
    'a compressed transfer is refused',
    { headers: { 'Content-Encoding': 'gzip' } },
    async (source) => {
      await assert.rejects(readLayer(source), fails('SOURCE_INVALID', 'Content-Encoding'));
    },
  );

  withRegistry('a signal ends one in the middle', { stallAfter: 1000 }, async (source) => {
    const stop = new AbortController();
    const pieces = await source.blob(noiseLayer, 0, stop.signal);
    await assert.rejects(
      async () => {
        for await (const piece of pieces) {
          assert.ok(piece.length > 0);
          stop.abort();
        }
      },
      fails('CANCELLED', ''),
    );
  });

  withRegistry('closing the source ends one in the middle', { stallAfter: 1000 }, async (source) => {
    const pieces = await source.blob(noiseLayer, 0, new AbortController().signal);
    await assert.rejects(
      async () => {
        for await (const piece of pieces) {
          assert.ok(piece.length > 0);
          await source.close();
        }
      },
      fails('CANCELLED', ''),
    );
  });
});
