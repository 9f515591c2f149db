import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { frameByteRanges, parseByteRanges, readBoundary } from './byteranges.ts';
import type { ByteRange } from './range.ts';

const whole = Buffer.from(Array.from({ length: 5000 }, (_, at) => at % 251));

function bodyOf(ranges: readonly ByteRange[], boundary = 'signpost-0123') {
  const frame = frameByteRanges(ranges, whole.length, boundary);
  const pieces = ranges.flatMap(({ start, end }, at) => [
    Buffer.from(frame.heads[at] ?? ''),
    whole.subarray(start, end + 1),
  ]);
  return { frame, body: Buffer.concat([...pieces, Buffer.from(frame.tail)]) };
}

suite('multipart/byteranges', () => {
  test('has the parts in order, each with its place, and the length that was said', () => {
    const { frame, body } = bodyOf([
      { start: 10, end: 12 },
      { start: 0, end: 1 },
    ]);
    assert.equal(frame.contentType, 'multipart/byteranges; boundary=signpost-0123');
    assert.equal(frame.length, body.length);
    assert.equal(
      body.toString('latin1'),
      '--signpost-0123\r\nContent-Type: application/octet-stream\r\nContent-Range: bytes 10-12/5000\r\n\r\n\n\u000b\f' +
        '\r\n--signpost-0123\r\nContent-Type: application/octet-stream\r\nContent-Range: bytes 0-1/5000\r\n\r\n\u0000\u0001' +
        '\r\n--signpost-0123--\r\n',
    );
  });

  test('what is written is read again', () => {
    const range = fc
      .tuple(fc.nat(4999), fc.nat(4999))
      .map(([a, b]) => ({ start: Math.min(a, b), end: Math.max(a, b) }));
    fc.assert(
      fc.property(fc.array(range, { minLength: 1, maxLength: 8 }), (ranges) => {
        const { frame, body } = bodyOf(ranges);
        assert.equal(readBoundary(frame.contentType), 'signpost-0123');
        const parts = parseByteRanges(body, 'signpost-0123');
        assert.deepEqual(
          parts?.map((part) => part.range),
          ranges,
        );
        for (const { range, size, bytes } of parts ?? []) {
          assert.equal(size, whole.length);
          assert.deepEqual(bytes, whole.subarray(range.start, range.end + 1));
        }
      }),
    );
  });

  test('other forms of the same are read: nginx begins with a line feed, and a boundary may be quoted', () => {
    const { body } = bodyOf([{ start: 5, end: 9 }], 'a b');
    assert.equal(parseByteRanges(Buffer.concat([Buffer.from('\r\n'), body]), 'a b')?.length, 1);
    assert.equal(readBoundary('Multipart/ByteRanges ;  boundary="a b"'), 'a b');
    for (const type of [undefined, 'multipart/mixed; boundary=a', 'multipart/byteranges', 'x'.repeat(9999)]) {
      assert.equal(readBoundary(type), undefined);
    }
  });

  test('whatever bytes come, nothing is thrown, and no part is longer than the body', () => {
    const { body } = bodyOf([
      { start: 0, end: 99 },
      { start: 200, end: 299 },
    ]);
    fc.assert(
      fc.property(fc.nat(body.length - 1), fc.nat(255), fc.nat(body.length), (at, byte, length) => {
        const damaged = Buffer.from(body.subarray(0, length));
        if (at < damaged.length) damaged[at] = byte;
        for (const part of parseByteRanges(damaged, 'signpost-0123') ?? []) {
          assert.equal(part.bytes.length, part.range.end - part.range.start + 1);
          assert.ok(part.bytes.length <= damaged.length);
        }
      }),
    );
    assert.equal(parseByteRanges(Buffer.alloc(0), 'x'), undefined);
    assert.equal(parseByteRanges(body.subarray(0, -30), 'signpost-0123'), undefined);
  });
});
