import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Reader,
  constantOf,
  countOf,
  listOf,
  mapOf,
  objectOf,
  onlyOf,
  partOf,
  readBase64,
  readBase64Url,
  sizedBytes,
  textOf,
  textUpTo,
} from './json-reader.ts';

const count = countOf('a number', 1, 9);
const refused = (read: Reader<unknown>, value: unknown, message: RegExp | string) =>
  assert.throws(() => read(value, 'it'), { code: 'REQUEST_INVALID', message });

test('objects have exactly the fields that are asked for', () => {
  const read = objectOf({ a: count, b: count }, { c: count });
  assert.deepEqual(read({ b: 2, a: 1 }, 'it'), { a: 1, b: 2 });
  assert.deepEqual(read({ a: 1, b: 2, c: 3 }, 'it'), { a: 1, b: 2, c: 3 });
  refused(read, { a: 1, b: 2, d: 3 }, 'it has an unknown field "d"');
  refused(read, { a: 1, c: 3 }, 'it has no "b"');
  refused(read, { a: 1, b: 2, c: null }, 'it c is "null": expected a number');
  for (const value of [null, [], 'a', 1, undefined]) refused(objectOf({}), value, /expected an object$/);
});

test('what every object inherits is no field', () => {
  refused(objectOf({ toString: count }), {}, 'it has no "toString"');
  refused(partOf({ constructor: count }), {}, 'it has no "constructor"');
  assert.deepEqual(objectOf({}, { valueOf: count })({}, 'it'), {});
  const trap: unknown = JSON.parse('{"a":1,"__proto__":{"b":2}}');
  refused(objectOf({ a: count }, { b: count }), trap, 'it has an unknown field "__proto__"');
  assert.deepEqual(partOf({ a: count }, { b: count })(trap, 'it'), { a: 1 });
});

test('a part of an object passes over the fields beside it', () => {
  assert.deepEqual(partOf({ a: count })({ a: 1, more: { b: [] } }, 'it'), { a: 1 });
  refused(partOf({ a: count }), { b: 1 }, 'it has no "a"');
});

test('a map has any keys, those of every object among them', () => {
  const value: unknown = JSON.parse('{"a":1,"__proto__":2}');
  const read = mapOf(count)(value, 'it');
  assert.deepEqual(Object.entries(read), [
    ['a', 1],
    ['__proto__', 2],
  ]);
  refused(mapOf(count), { 'a b': 0 }, 'it "a b" is "0": expected a number');
  refused(mapOf(count), [], /expected an object/);
});

test('messages say the way to what is wrong', () => {
  const read = objectOf({ list: listOf(mapOf(objectOf({ a: count }))) });
  refused(read, { list: [{}, { x: { a: 1 }, y: { a: 'z' } }] }, 'it list[1] "y" a is "z": expected a number');
});

test('lists are as long as they may be', () => {
  const read = listOf(count, 1, 2);
  assert.deepEqual(read([1, 2], 'it'), [1, 2]);
  for (const value of [[], [1, 2, 3], { length: 1 }, 'a']) refused(read, value, /expected a list of 1 to 2$/);
  assert.equal(onlyOf(count)([4], 'it'), 4);
  for (const value of [[], [1, 2], 1]) refused(onlyOf(count), value, /expected a list of one$/);
});

test('numbers are whole, exact, and in their limits', () => {
  assert.equal(countOf('a number')(0, 'it'), 0);
  for (const value of [-1, -0, 1.5, 2 ** 53, '1', null, Number.NaN])
    refused(countOf('a number'), value, /is ".*": expected a number$/);
  for (const value of [0, 10]) refused(count, value, /expected a number$/);
});

test('texts and constants', () => {
  assert.equal(textOf(/^a+$/, 'letters')('aa', 'it'), 'aa');
  for (const value of ['', 'b', ['a'], { toString: () => 'a' }])
    refused(textOf(/^a+$/, 'letters'), value, /letters$/);
  assert.equal(textUpTo(2)('', 'it'), '');
  for (const value of ['abc', ['a'], null]) refused(textUpTo(2), value, /at most 2 characters$/);
  refused(textUpTo(2, 'a text', 1), '', /expected a text$/);
  assert.equal(constantOf('a')('a', 'it'), 'a');
  refused(constantOf(true), 1, 'it is "1": expected true');
  refused(constantOf('a'), ['a'], /expected "a"$/);
});

test('base64 has one spelling', () => {
  assert.deepEqual(readBase64('aGk=', 'it'), Buffer.from('hi'));
  for (const value of ['aGk', 'aGl=', 'a-_=', ' aGk=', 'aGk=\n', '', 5])
    refused(readBase64, value, /base64$/);
  assert.deepEqual(readBase64Url('aGk', 'it'), Buffer.from('hi'));
  for (const value of ['aGk=', 'aGl', 'a+/']) refused(readBase64Url, value, /base64url$/);
  refused(sizedBytes(readBase64, 1), 'aGk=', 'it has 2 bytes: expected at most 1');
});
