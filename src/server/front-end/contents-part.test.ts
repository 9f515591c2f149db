import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allAtOnce } from '../../net/pieces.ts';
import { digestOf } from '../../oci/digest.ts';
import { isSignpostError } from '../../oci/errors.ts';
import { parseRepositoryName } from '../../oci/reference.ts';
import { formatContentsPart, parseContentsPart } from './contents-part.ts';

const contentsOf = (count: number) =>
  new Map(
    Array.from({ length: count }, (_, at) => [
      parseRepositoryName(`fedora/image-${String(at).padStart(6, '0')}`),
      { digest: digestOf(String(at)), size: at, serial: at + 1 },
    ]),
  );

test('what was written is read, however many repositories there are', () => {
  for (const count of [0, 1, 200, 300, 5000]) {
    const contents = contentsOf(count);
    assert.deepEqual(allAtOnce(parseContentsPart(formatContentsPart(contents))), contents, String(count));
  }
});

test('many repositories are read in pieces, of some hundred each', () => {
  const count = 5000;
  let pieces = 0;
  for (const _ of parseContentsPart(formatContentsPart(contentsOf(count)))) pieces += 1;
  assert.ok(pieces > count / 500 && pieces < count / 50, `${pieces} pieces`);
});

test('a list that is damaged anywhere is refused', () => {
  const good = Buffer.from(formatContentsPart(contentsOf(2000))).toString();
  const middle = good.indexOf('},"', good.length / 2);
  for (const text of [
    '',
    '[]',
    good.slice(1),
    good.slice(0, -1),
    `${good}x`,
    `${good},${good}`,
    `[${good}]`,
    good.slice(0, middle),
    `${good.slice(0, middle)},${good.slice(middle)}`,
    `${good.slice(0, middle + 1)},${good.slice(middle + 1)}`,
    `${good.slice(0, middle + 1)}}{${good.slice(middle + 2)}`,
    good.replaceAll('image-001000', 'image},"0'),
    good.replaceAll('image-001000', 'IMAGE-001000'),
  ]) {
    assert.throws(
      () => allAtOnce(parseContentsPart(Buffer.from(text))),
      (error) => isSignpostError(error, 'REQUEST_INVALID'),
      text.slice(0, 60),
    );
  }
});
