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
    { patience: { idle: 100 } },
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
    { patience: { idle: 40 } },
  );

  withRegistry(
    'a registry that ignores ranges sends everything again, and what is here already is passed over',
    { ignoreRange: true, truncateAfter: 100_000, faults: 2 },
    async (source, server) => {
      assert.equal(digestOf(await readLayer(source)), noiseLayer.digest);
      assert.equal(server.seen.length, 3);
      server.knobs.faults = 0;
      const whole = await readLayer(source);
      assert.deepEqual(await readLayer(source, 70_000), whole.subarray(70_000));
    },
  );

  withRegistry(
    'a registry that knows no such range is asked for everything',
    {
      instead: ({ headers }, response) => {
        if (headers.range === undefined) return false;
        response.writeHead(416).end();
        return true;
      },
    },
    async (source) => {
      const whole = await readLayer(source);
      assert.deepEqual(await readLayer(source, 70_000), whole.subarray(70_000));
    },
  );

  withRegistry(
    'a blob whose length has changed when it is taken up again is refused',
    { truncateAfter: 100_000, faults: 1 },
    async (source, server) => {
      let asked = 0;
      server.knobs.instead = (_request, response) => {
        asked += 1;
        if (asked === 1) return false;
        response.writeHead(200, { 'Content-Length': 150_000 }).end(Buffer.alloc(150_000));
        return true;
      };
      await assert.rejects(readLayer(source), fails('SOURCE_INVALID', 'descriptor says'));
      assert.equal(asked, 2);
    },
  );

  withRegistry(
    'one that drips is given up',
    {
      instead: (_request, response) => {
        response.writeHead(200, { 'Content-Length': noiseLayer.size });
        const timer = setInterval(() => response.write('x'), 20);
        response.on('close', () => clearInterval(timer));
        return true;
      },
    },
    async (source, server) => {
      await assert.rejects(readLayer(source), fails('UNAVAILABLE', 'too slowly'));
      assert.equal(server.seen.length, 1);
    },
    { patience: { idle: 100 } },
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
    'a compressed transfer is refused, and a compressed layer is not taken for one',
    { headers: { 'Content-Encoding': 'gzip' } },
    async (source, server) => {
      assert.equal(digestOf(await readLayer(source)), noiseLayer.digest);
      server.knobs.instead = (_request, response) => {
        response.end(Buffer.alloc(100));
        return true;
      };
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
