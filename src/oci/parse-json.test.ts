import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isSignpostError } from './errors.ts';
import { parseJson } from './parse-json.ts';

const parse = (text: string, limits = {}) => parseJson(text, 'it', 'SOURCE_INVALID', limits);
const refused = (message: RegExp) => ({ code: 'SOURCE_INVALID', message });

test('property: within its limits it reads what JSON.parse reads, of text and of bytes', () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 10 }), (text) => {
      assert.deepEqual(parse(text), JSON.parse(text));
      assert.deepEqual(parseJson(Buffer.from(text), 'it', 'SOURCE_INVALID'), JSON.parse(text));
    }),
  );
});

test('property: whatever the text is, it is read as JSON.parse reads it, or refused with the code', () => {
  const pieces = fc.constantFrom('{', '}', '[', ']', '"', '\\', ',', ':', '1', 'null', ' ', 'a', '\n');
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 12 }), (parts) => {
      const text = parts.join('');
      let expected: unknown;
      try {
        expected = JSON.parse(text);
      } catch {
        assert.throws(() => parse(text), { code: 'SOURCE_INVALID' });
        return;
      }
      assert.deepEqual(parse(text), expected);
    }),
  );
});

test('depth has a limit, and brackets in strings do not count', () => {
  const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`;
  assert.doesNotThrow(() => parse(nested(64)));
  assert.throws(() => parse(nested(65)), refused(/^it is nested deeper than 64 levels$/));
  assert.throws(() => parse('{"a":'.repeat(65)), refused(/nested deeper/));
  assert.equal(parse(`"${'['.repeat(100)}\\"${'{'.repeat(100)}"`), `${'['.repeat(100)}"${'{'.repeat(100)}`);
});

test('the number of values has a limit', () => {
  assert.doesNotThrow(() => parse('[1,2,[]]', { values: 5 }));
  assert.throws(() => parse('[1,2,[],3]', { values: 5 }), refused(/^it has more than 5 values$/));
  assert.throws(() => parse('{"a":{},"b":{},"c":{}}', { values: 5 }), refused(/more than 5 values/));
});

test('sixty megabytes of brackets are refused before anything is made of them', () => {
  const before = process.memoryUsage().heapUsed;
  const deep = Buffer.alloc(60_000_000, '[');
  assert.throws(() => parseJson(deep, 'it', 'SOURCE_INVALID'), refused(/nested deeper/));
  const wide = Buffer.from(`[${'[],'.repeat(20_000_000)}[]]`);
  assert.throws(() => parseJson(wide, 'it', 'SOURCE_INVALID'), refused(/values/));
  assert.ok(process.memoryUsage().heapUsed - before < 200_000_000);
});

test('what the parser says of hostile text cannot draw on a terminal', () => {
  assert.throws(
    () => parse('{"a":\u009b31m\u202e}'),
    (error) => isSignpostError(error) && !/[\u0080-\u009f\u202e]/u.test(error.message),
  );
});
