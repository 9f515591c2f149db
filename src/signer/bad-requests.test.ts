import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { badLinesOf, linesOfBytes, withChecksum } from '../../test/fakes/bad-lines.ts';
import { buildFourPlatforms } from '../../test/fakes/image-builder.ts';
import { createMemoryNewFile } from '../../test/fakes/memory-new-file.ts';
import { createMemorySignerRecord } from '../../test/fakes/memory-signer-record.ts';
import { createSigningWorld, createTestSigners } from '../../test/fakes/signing-world.ts';
import { vectorClock, vectorFile } from '../../test/fakes/vectors.ts';
import { createSignatureReader } from '../adapters/openpgp/signature-reader.ts';
import { createSimpleReader } from '../trust/signature-readers.ts';
import { createSimpleSigner } from './simple-signer.ts';
import { readRequest } from './read-request.ts';
import { signRequest } from './sign-request.ts';

const { ed25519 } = await createTestSigners();
const reader = createSimpleReader(await createSignatureReader([vectorFile('both.asc')]));
const four = buildFourPlatforms();
const world = await createSigningWorld();
await world.stage('fedora/base:41', four);
const text = await world.request();
const [header = '', image = ''] = text.split('\n');

/** Signs, and says what was left behind. */
function attempt() {
  const file = createMemoryNewFile();
  const memory = createMemorySignerRecord();
  let added = 0;
  let signed = 0;
  const record = {
    ...memory,
    add: (...given: Parameters<typeof memory.add>) => {
      added += 1;
      return memory.add(...given);
    },
  };
  const signer = createSimpleSigner({
    ...ed25519,
    sign: (...given) => {
      signed += 1;
      return ed25519.sign(...given);
    },
  });
  const deps = {
    keys: [{ signer, reader }],
    record,
    clock: vectorClock,
    review: () => Promise.resolve(true),
    createBundle: () => Promise.resolve(file),
    advance: () => undefined,
    signal: new AbortController().signal,
  };
  const options = { life: 90 * 86_400_000, allowRollback: false, adoptRecord: false, creator: 'test' };
  return {
    sign: (bytes: Uint8Array) => signRequest(deps, linesOfBytes(bytes), options),
    left: () => ({ added, signed, bundle: file.text }),
  };
}

const nothing = { added: 0, signed: 0, bundle: undefined };

test('a request that is malformed is refused with the reason, and nothing is signed', async () => {
  const cases = [
    ...badLinesOf(text),
    ...(
      [
        [
          '"mediaType":"application/vnd.oci.image.index.v1+json"',
          '"mediaType":"text/html"',
          /announced as "text\/html"/,
        ],
        ['"bytes":"', '"bytes":"*', /expected bytes in base64/],
        ['{"mediaType"', '{"digest":"sha256:0","mediaType"', /unknown field "digest"/],
      ] as const
    ).map(([from, to, message]) => {
      const bytes = withChecksum([header, image.replace(from, to)]);
      return {
        what: to,
        bytes,
        code: message.source.includes('announced') ? 'MANIFEST_INVALID' : 'REQUEST_INVALID',
        message,
      };
    }),
  ];
  assert.ok(cases.length > 30);
  for (const { what, bytes, code, message } of cases) {
    const { sign, left } = attempt();
    await assert.rejects(sign(bytes), { code, message }, what);
    assert.deepEqual(left(), nothing, what);
  }
});

test('property: a request that is cut off anywhere is refused, and nothing is signed', async () => {
  const bytes = Buffer.from(text);
  await fc.assert(
    fc.asyncProperty(fc.nat({ max: bytes.length - 1 }), async (length) => {
      const { sign, left } = attempt();
      await assert.rejects(sign(bytes.subarray(0, length)), { code: 'REQUEST_INVALID' });
      assert.deepEqual(left(), nothing);
    }),
    { numRuns: 60 },
  );
});

test('property: no flipped bit in a list or a manifest is signed as what it was', async () => {
  interface Requested {
    list: { bytes: string };
    manifests: { bytes: string }[];
  }
  const good = await readRequest(linesOfBytes(Buffer.from(text)));
  const known = good.images.flatMap(({ list }) => list);
  await fc.assert(
    fc.asyncProperty(fc.nat(), fc.nat(), async (which, where) => {
      const requested = JSON.parse(image) as Requested;
      const parts = [requested.list, ...requested.manifests];
      const part = parts[which % parts.length] ?? requested.list;
      const bytes = Buffer.from(part.bytes, 'base64');
      const bit = where % (bytes.length * 8);
      bytes.writeUInt8(bytes.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      part.bytes = bytes.toString('base64');
      const lines = linesOfBytes(withChecksum([header, JSON.stringify(requested)]));
      const read = await readRequest(lines).catch((error: { code?: string }) => error.code);
      // Only the list may say something else without a contradiction, and is then another list.
      if (typeof read === 'object') assert.ok(read.images.every(({ list }) => !known.includes(list)));
      else assert.match(read ?? '', /^(?:MANIFEST_INVALID|REQUEST_INVALID|LIMIT_EXCEEDED|DIGEST_MISMATCH)$/);
      if (typeof read === 'object') assert.equal(part, requested.list);
    }),
    { numRuns: 200 },
  );
});

test('the request itself was good', async () => {
  const { sign, left } = attempt();
  await sign(Buffer.from(text));
  assert.ok(left().added === 1 && left().bundle !== undefined);
});
