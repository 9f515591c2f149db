import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mediaTypes } from '../../oci/media-types.ts';
import { accepts } from './accept.ts';
import { queryValue } from './query.ts';

test('an Accept header covers what it names, by range and by weight', () => {
  const index = mediaTypes.ociIndex;
  const wanted: readonly [string | undefined, boolean][] = [
    [undefined, true],
    ['', true],
    [index, true],
    [index.toUpperCase(), true],
    ['*/*', true],
    ['application/*', true],
    ['text/*', false],
    [`${mediaTypes.ociManifest}, ${index}; q=0.1`, true],
    [`${index};q=0`, false],
    [`${index};q=0.000, */*`, false],
    [`*/*;q=0, ${index}`, true],
    [mediaTypes.dockerList, false],
    [',,;;', false],
  ];
  for (const [header, covered] of wanted) assert.equal(accepts(header, index), covered, String(header));
});

test('a query gives its values decoded', () => {
  assert.equal(queryValue('n=5&last=a%2Bb+c', 'last'), 'a+b c');
  assert.equal(queryValue('n=5', 'last'), undefined);
  assert.equal(queryValue('n', 'n'), '');
  assert.equal(queryValue('n=1&n=2', 'n'), '1');
  assert.equal(queryValue('n=%zz', 'n'), undefined);
});
