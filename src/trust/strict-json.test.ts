import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseStrictJson } from './strict-json.ts';

const parse = (text: string) => parseStrictJson(Buffer.from(text), 'it');

test('property: what JSON.stringify wrote is read as it was', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
      // -0 is written as 0.
      assert.deepEqual(parse(JSON.stringify(value)), JSON.parse(JSON.stringify(value)));
    }),
  );
});

test('duplicate keys are refused, however they are spelled and wherever they are', () => {
  for (const text of [
    '{"a":1,"a":1}',
    '{"a":1,"\\u0061":2}',
    '{"x":[{"b":{},"c":1,"b" : 2}]}',
    '{"a\\"":1,"b":"}","a\\"":2}',
    '{"__proto__":1,"__proto__":2}',
  ]) {
    assert.throws(() => parse(text), { code: 'REQUEST_INVALID', message: /twice/ }, text);
  }
});

test('the same key in different objects, and a value like a key, are fine', () => {
  for (const text of [
    '{"a":{"a":1},"b":[{"a":1},{"a":2}]}',
    '{"a":"a","b":["a","a"]}',
    '{"a":"\\\\","b":"\\\\\\""}',
  ]) {
    assert.deepEqual(parse(text), JSON.parse(text));
  }
});

test('depth, trailing bytes, other encodings and broken JSON are refused', () => {
  assert.throws(() => parse(`${'['.repeat(9)}${']'.repeat(9)}`), { message: /nested deeper than 8 levels/ });
  for (const text of ['{} {}', '{}x', '', '{"a":1', '\uFEFF{}', "{'a':1}", '{"a":01}']) {
    assert.throws(() => parse(text), { code: 'REQUEST_INVALID', message: /it is not JSON/ }, text);
  }
  assert.throws(() => parseStrictJson(Buffer.from([0x22, 0xff, 0x22]), 'it'), {
    message: /not JSON in UTF-8/,
  });
});
