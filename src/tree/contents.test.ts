import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf } from '../oci/digest.ts';
import { parseRepositoryName } from '../oci/reference.ts';
import { parseContentPath } from './content-path.ts';
import { formatContentsIndex, parseContentsIndex } from './contents-index.ts';
import { formatContentLine, parseContentLine } from './contents-list.ts';
import { formatPublicationMarker, markerLimit, parsePublicationMarker } from './publication-marker.ts';

const base = parseRepositoryName('fedora/base');
const digest = digestOf('x');
const hex = digest.slice(7);

test('a marker is read as it was written, and is less than 200 bytes', () => {
  const marker = { serial: Number.MAX_SAFE_INTEGER, contents: { digest, size: 12_345_678 } };
  const bytes = formatPublicationMarker(marker);
  assert.ok(bytes.length < 200);
  assert.deepEqual(parsePublicationMarker(bytes), marker);
  assert.deepEqual(parsePublicationMarker(Buffer.alloc(markerLimit + 1)), {
    wrong: 'it is larger than 4096 bytes',
  });
});

test('an index is read as it was written', () => {
  const index = {
    serial: 9,
    metadata: { digest, size: 3 },
    repositories: new Map([
      [parseRepositoryName('debian'), { serial: 4, digest, size: 1 }],
      [base, { serial: 9, digest, size: 2 }],
    ]),
  };
  assert.deepEqual(parseContentsIndex(formatContentsIndex(index)), index);
  const { metadata: _, ...without } = index;
  assert.deepEqual(parseContentsIndex(formatContentsIndex(without)), without);
});

test('an index that is not as it must be is refused', () => {
  const line = (name: string, serial: string | number = 1) => `repository ${name} ${serial} ${digest} 5\n`;
  const bad = [
    '',
    'signpost-index 2 9\n',
    'signpost-index 1 x\n',
    'signpost-index 1 9',
    `signpost-index 1 9\n${line('../x')}`,
    `signpost-index 1 9\n${line('a', 10)}`,
    `signpost-index 1 9\n${line('b')}${line('a')}`,
    `signpost-index 1 9\n${line('a')}${line('a')}`,
    `signpost-index 1 9\nrepository a 1 sha256:x 5\n`,
    `signpost-index 1 9\nrepository a 1 ${digest} -5\n`,
    `signpost-index 1 9\nrepository a 1 ${digest} 5 6\n`,
    `signpost-index 1 9\n${line('a')}metadata ${digest} 5\n`,
    `signpost-index 1 9\nmetadata ${digest}\n`,
    `signpost-index 1 9\n\n`,
  ];
  for (const text of bad) {
    assert.throws(() => parseContentsIndex(Buffer.from(text)), { code: 'SOURCE_INVALID' }, text);
  }
});

test('each kind of file has its line, which is read as it was written', () => {
  const lines = {
    [`v2/fedora/base/blobs/${digest} 12`]: { kind: 'blob', repository: base, size: 12, digest },
    [`v2/fedora/base/manifests/${digest} 0`]: { kind: 'manifest', repository: base, size: 0, digest },
    [`v2/fedora/base/referrers/${digestOf('subject')} 5 ${digest}`]: { kind: 'referrers', size: 5, digest },
    [`signatures/fedora/base@sha256=${hex}/signature-2 5 ${digest}`]: { kind: 'signature', size: 5, digest },
    [`v2/images.example.org:5000/fedora/base/_trust/tuf/targets/releases.${hex}.json 7 ${digest}`]: {
      kind: 'metadata',
      repository: base,
    },
  };
  for (const [line, expected] of Object.entries(lines)) {
    const file = parseContentLine(line, base);
    assert.partialDeepStrictEqual(file, expected);
    assert.equal(formatContentLine(file), line);
  }
  for (const line of ['tuf/timestamp.json -', `tuf/12.repository~fedora~base.json 4 ${digest}`]) {
    assert.equal(formatContentLine(parseContentLine(line, 'metadata')), line);
  }
});

test('Notary v1 metadata is below a registry and a repository, both of which are right', () => {
  const right = 'v2/images.example.org/fedora/base/_trust/tuf/root.json';
  assert.partialDeepStrictEqual(parseContentPath(right), { kind: 'metadata', repository: base });
  const bad = [
    'v2/Images_example/fedora/base/_trust/tuf/root.json',
    'v2/../fedora/base/_trust/tuf/root.json',
    'v2/images.example.org/fedora/../_trust/tuf/root.json',
    'v2/images.example.org/Fedora/_trust/tuf/root.json',
    'v2/images.example.org/_trust/tuf/root.json',
    'v2/_trust/tuf/root.json',
    'v2//_trust/tuf/root.json',
    'v2/images.example.org/fedora/base/_trust/tuf/../root.json',
  ];
  for (const path of bad) assert.equal(parseContentPath(path), undefined, path);
});

test('a line of a list that could do harm is refused', () => {
  const bad = [
    '',
    `/v2/fedora/base/blobs/${digest} 1`,
    `v2/../base/blobs/${digest} 1`,
    `v2/fedora/base/blobs/../${digest} 1`,
    `v2/fedora/base/blobs/.${digest} 1`,
    `v2/fedora/base/blobs/${digest.toUpperCase()} 1`,
    `v2/fedora/base/blobs/${digest} -1`,
    `v2/fedora/base/blobs/${digest} 1e9`,
    `v2/fedora/base/blobs/${digest} -`,
    `v2/fedora/base/blobs/${digest} 1 ${digest}`,
    `v2/fedora/base/blobs/${digest} 9999999999999999`,
    `v2/fedora/other/blobs/${digest} 1`,
    `v2/fedora/base/referrers/${digestOf('subject')} 1`,
    `v2/fedora/base/referrers/1 1 ${digest}`,
    `signatures/fedora/base@sha256=${hex}/signature-0 1 ${digest}`,
    `signatures/fedora/base@sha256=${hex}/signature-1 1`,
    `signatures/fedora/base@sha256=${hex}/../x 1 ${digest}`,
    `v2/x/fedora/base/_trust/tuf/../../root.json 1 ${digest}`,
    `v2/x/fedora/base/_trust/tuf/root.json -`,
    `tuf/timestamp.json -`,
    `publication.json 1 ${digest}`,
    `contents/${digest} 1`,
    `v2/fedora/base/blobs/${digest} 1\r`,
  ];
  for (const line of bad) assert.throws(() => parseContentLine(line, base), { code: 'SOURCE_INVALID' }, line);
  assert.throws(() => parseContentLine(`v2/fedora/base/blobs/${digest} 1`, 'metadata'), {
    code: 'SOURCE_INVALID',
  });
  assert.equal(parseContentPath(`v2/${'a/'.repeat(600)}blobs/${digest}`), undefined);
});
