import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { quote } from './digest.ts';
import { escapeActing, showLines, showValue } from './show-value.ts';

test('property: what fits is shown as JSON shows it', () => {
  fc.assert(
    fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
      const json = JSON.stringify(JSON.parse(JSON.stringify(value)));
      assert.equal(showValue(JSON.parse(json), json.length), json);
    }),
  );
});

test('property: what does not fit begins as JSON begins, and ends soon', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.nat(100), (value, limit) => {
      const json = JSON.stringify(JSON.parse(JSON.stringify(value)));
      const shown = showValue(JSON.parse(json), limit);
      assert.equal(shown.slice(0, limit), json.slice(0, limit));
      assert.ok(shown.length <= 20 * (limit + 2), `${shown.length} characters for ${limit}`);
    }),
  );
});

test('depth and size of a value do not matter to whoever quotes it', () => {
  let deep: unknown = 1;
  for (let level = 0; level < 100_000; level += 1) deep = level % 2 === 0 ? { '0': deep } : [deep];
  const circular: { self?: unknown } = {};
  circular.self = circular;
  const wide = Array.from({ length: 1_000_000 }, () => 'x'.repeat(100));
  for (const value of [deep, circular, wide, { ['k'.repeat(1_000_000)]: deep }, new Uint8Array(10_000_000)]) {
    assert.ok(quote(value).length < 250);
  }
  for (const value of [undefined, null, true, 1n, Symbol('s'), () => 1, Object.create(null), NaN]) {
    assert.equal(typeof quote(value), 'string');
  }
});

test('nothing that is quoted acts on a terminal or turns the line around', () => {
  const acting = [
    '\u001b[31m',
    '\u009b31m',
    '\u202e',
    '\u2066',
    '\u2028',
    '\u2029',
    '\u200b',
    '\ufeff',
    '\u{e0041}',
  ];
  for (const text of acting) {
    for (const value of [text, [text], { [text]: text }]) {
      assert.match(quote(value), /^[\x20-\x7e]*$/, JSON.stringify(value));
    }
  }
  assert.equal(quote('a\u202eb'), String.raw`"a\u202eb"`);
  assert.equal(showLines('a\u009b\n\u202eb\n'), 'a\\u009b\n\\u202eb');
  assert.equal(showLines('x'.repeat(50), 10), `${'x'.repeat(10)}…`);
  assert.equal(escapeActing('Grüße 漢字 🙂'), 'Grüße 漢字 🙂');
  assert.equal(escapeActing('\u{e0041}'), String.raw`\udb40\udc41`);
});
