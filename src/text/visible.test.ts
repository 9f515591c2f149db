import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { visible, visibleLine } from './visible.ts';

test('what a terminal acts upon or does not show is escaped', () => {
  const cases: Readonly<Record<string, string>> = {
    'plain text, \u00e4\u00f6\u00fc, \u65e5\u672c\u8a9e and \ud83d\ude00': 'plain text, äöü, 日本語 and 😀',
    'two\nlines': 'two\nlines',
    '\u001b[31m': '\\u001b[31m',
    'a\rb\tc\bd\u0007': 'a\\u000db\\u0009c\\u0008d\\u0007',
    '\u009b31m\u009d0;x\u009c\u007f': '\\u009b31m\\u009d0;x\\u009c\\u007f',
    'a\u202eb\u2066c\u200fd\u061ce': 'a\\u202eb\\u2066c\\u200fd\\u061ce',
    'a\u2028b\u2029c\u0085d': 'a\\u2028b\\u2029c\\u0085d',
    '\ufeffa\u200bb\u00adc': '\\ufeffa\\u200bb\\u00adc',
    '\udb40\udc41': '\\udb40\\udc41',
    'half \ud83d of a pair': 'half \\ud83d of a pair',
  };
  for (const [text, expected] of Object.entries(cases)) assert.equal(visible(text), expected);
  assert.equal(visibleLine('two\nlines\u009b'), 'two\\nlines\\u009b');
});

test('JSON stays the same JSON, and nothing is left that should be escaped', () => {
  const text = fc.string({ unit: 'binary' });
  fc.assert(
    fc.property(fc.jsonValue(), text, (value, more) => {
      const json = JSON.stringify({ value, more });
      assert.equal(JSON.stringify(JSON.parse(visible(json))), json);
      assert.doesNotMatch(visible(more), /[^\P{Cc}\n]|[\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
    }),
  );
});
