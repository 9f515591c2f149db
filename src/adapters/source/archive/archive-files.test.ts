import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { deflateRawSync, gzipSync, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { fails } from '../../../../test/fakes/expect-error.ts';
import { legacyEntries } from '../../../../test/fakes/docker-archive-builder.ts';
import { buildImage, layoutFiles } from '../../../../test/fakes/image-builder.ts';
import { buildTar, type TarEntry } from '../../../../test/fakes/tar-builder.ts';
import { digestHex } from '../../../oci/digest.ts';
import { isSignpostError } from '../../../oci/errors.ts';
import { readWhole } from '../source-files.ts';
import { defaultLimits } from '../source-options.ts';
import { createTemporaryFolder } from '../temporary-folder.ts';
import { openArchiveFiles } from './archive-files.ts';

const image = buildImage({ layers: [{ a: 'a' }, { b: 'b' }, { a: 'a' }] });
const layout: readonly TarEntry[] = [...layoutFiles({ latest: image })].map(([path, content]) => ({
  path,
  content,
}));
const hex = digestHex(image.digest);
const never = new AbortController().signal;

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'signpost-archive-'));
  await mkdir(join(folder, 'temporary'));
});
after(() => rm(folder, { recursive: true, force: true }));

/** Opens the bytes as an archive and reads every file of `names`. */
async function read(bytes: Uint8Array, names: readonly string[], limits = {}): Promise<readonly string[]> {
  const path = join(folder, 'archive.tar');
  await writeFile(path, bytes);
  const temporary = createTemporaryFolder(join(folder, 'temporary'));
  try {
    const files = await openArchiveFiles(path, temporary, { ...defaultLimits, ...limits }, never);
    try {
      const contents = [];
      for (const name of names) contents.push((await readWhole(files, name, 1e6, never)).toString('latin1'));
      return contents;
    } finally {
      await files.close();
    }
  } finally {
    await temporary.remove();
    assert.deepEqual(await readdir(join(folder, 'temporary')), []);
  }
}

describe('a tar archive', () => {
  test('is read whatever records its names and sizes come in', async () => {
    const long = (type: 'NextFileHasLongPath' | 'ExtendedHeader', content: string): TarEntry => ({
      path: 'x',
      type,
      content,
    });
    const pax = (key: string, value: string) => {
      const line = ` ${key}=${value}\n`;
      return `${line.length + 2}${line}`;
    };
    const entries: readonly TarEntry[] = [
      { path: './', type: 'Directory' },
      { path: 'blobs/', type: 'Directory' },
      { path: 'pax_global_header', type: 'GlobalExtendedHeader', content: pax('comment', 'made by test') },
      { path: './oci-layout', content: 'plain' },
      long('ExtendedHeader', pax('path', 'index.json')),
      { path: 'short', content: 'by pax' },
      long('NextFileHasLongPath', 'manifest.json\0'),
      { path: 'short', content: 'by GNU' },
      long('ExtendedHeader', pax('size', '11')),
      { path: 'repositories', content: 'size by pax', size: 3 },
      { path: `blobs/sha256/${hex}`, content: 'x'.repeat(5000) },
      { path: 'README', content: 'not looked at' },
    ];
    const names = ['oci-layout', 'index.json', 'manifest.json', 'repositories', `blobs/sha256/${hex}`];
    const expected = ['plain', 'by pax', 'by GNU', 'size by pax', 'x'.repeat(5000)];
    assert.deepEqual(await read(buildTar(entries), names), expected);
    assert.deepEqual(await read(gzipSync(buildTar(entries)), names), expected);
    assert.deepEqual(await read(zstdCompressSync(buildTar(entries)), names), expected);
    assert.deepEqual(await read(buildTar(entries), ['README']), ['not looked at']);
    await assert.rejects(read(buildTar(entries), ['absent']), fails('NOT_FOUND', 'absent'));
  });

  const file = (path: string): TarEntry => ({ path, content: 'x' });
  const refused: readonly [string, TarEntry, string][] = [
    ['an absolute path', file('/etc/passwd'), 'absolute path'],
    ['a path that leaves', file('../index.json'), 'leads out'],
    ['a path that leaves further down', file('blobs/../../x'), 'leads out'],
    ['a name that is too long', file('x/'.repeat(400) + 'y'), 'expected 1 to 512'],
    ['a link to elsewhere', { path: 'index.json', type: 'SymbolicLink', linkpath: '/etc/passwd' }, 'link to'],
    [
      'a blob that is a link',
      { path: `blobs/sha256/${hex}`, type: 'SymbolicLink', linkpath: '../../../x' },
      'link to',
    ],
    ['a hard link that leaves', { path: 'x', type: 'Link', linkpath: '../index.json' }, 'link to'],
    ['a link to itself', { path: 'a/x', type: 'SymbolicLink', linkpath: './x' }, 'link to'],
    ['a link to nothing', { path: 'a/x', type: 'SymbolicLink', linkpath: '' }, 'link to'],
    [
      'a layer that is a link out',
      { path: `${hex}/layer.tar`, type: 'SymbolicLink', linkpath: `../../${hex}.tar` },
      'link to',
    ],
    ['a device', { path: 'x', type: 'CharacterDevice' }, 'CharacterDevice'],
    ['a pipe', { path: 'index.json', type: 'FIFO' }, 'FIFO'],
    ['a sparse file', { path: 'index.json', type: 'SparseFile' }, 'SparseFile'],
    ['a size that is a lie', { path: 'repositories', content: 'x', size: 1e9 }, 'not whole'],
    ['an endless record', { path: 'x', type: 'ExtendedHeader', content: 'x'.repeat(100_000) }, 'too long'],
  ];
  for (const [what, entry, text] of refused) {
    test(`with ${what} is refused`, async () => {
      await assert.rejects(read(buildTar([...layout, entry]), []), fails('SOURCE_INVALID', text));
    });
  }

  test('with two entries of one name, or a folder where a file belongs, is refused when that is read', async () => {
    const twice = buildTar([...layout, ...layout.slice(0, 1)]);
    await read(twice, ['index.json']);
    await assert.rejects(read(twice, ['oci-layout']), fails('SOURCE_INVALID', 'twice'));
    const folder = buildTar([{ path: 'index.json/', type: 'Directory' }]);
    await assert.rejects(read(folder, ['index.json']), fails('SOURCE_INVALID', 'is a folder'));
  });

  test('is read through its links, hard and symbolic, with and without "./"', async () => {
    const links: readonly TarEntry[] = [
      { path: './', type: 'Directory' },
      { path: './a/', type: 'Directory' },
      { path: './a/file', content: 'x' },
      { path: './hard', type: 'Link', linkpath: './a/file' },
      { path: './hard-too', type: 'Link', linkpath: 'a/file' },
      { path: './a/here', type: 'SymbolicLink', linkpath: 'file' },
      { path: 'a/b/up', type: 'SymbolicLink', linkpath: './../.././a//file' },
      { path: 'chain', type: 'SymbolicLink', linkpath: 'a/b/up' },
      { path: 'nowhere', type: 'SymbolicLink', linkpath: 'absent' },
      { path: 'circle', type: 'SymbolicLink', linkpath: 'circle2' },
      { path: 'circle2', type: 'SymbolicLink', linkpath: 'circle' },
    ];
    const names = ['hard', 'hard-too', 'a/here', 'a/b/up', 'chain'];
    assert.deepEqual(
      await read(buildTar(links), names),
      names.map(() => 'x'),
    );
    for (const name of ['nowhere', 'circle']) {
      await assert.rejects(read(buildTar(links), [name]), fails('NOT_FOUND', name));
    }
  });

  test('that is cut off anywhere is refused', async () => {
    const whole = buildTar(layout);
    await read(whole, []);
    for (let length = 0; length < whole.length; length += 256) {
      await assert.rejects(
        read(whole.subarray(0, length), []),
        fails('SOURCE_INVALID', ''),
        `${length} bytes`,
      );
    }
    const packed = gzipSync(whole);
    for (let length = 1; length < packed.length; length += 101) {
      await assert.rejects(
        read(packed.subarray(0, length), []),
        fails('SOURCE_INVALID', ''),
        `${length} packed bytes`,
      );
    }
  });

  test('with something after its end is refused', async () => {
    const more = [Buffer.from('x'), Buffer.alloc(2 * 1024 * 1024), buildTar(layout)];
    for (const rest of more) {
      await assert.rejects(
        read(Buffer.concat([buildTar(layout), rest]), []),
        fails('SOURCE_INVALID', 'more after its end'),
      );
    }
    await read(Buffer.concat([buildTar(layout), Buffer.alloc(10_240)]), []);
  });

  test('with more entries or bytes than allowed is refused, packed or not', async () => {
    await assert.rejects(
      read(buildTar(layout), [], { entries: 3 }),
      fails('LIMIT_EXCEEDED', 'more than 3 entries'),
    );
    await assert.rejects(read(buildTar(layout), [], { size: 1000 }), fails('LIMIT_EXCEEDED', '1000'));
    const bomb = gzipSync(buildTar([{ path: 'index.json', content: Buffer.alloc(20_000_000) }]));
    assert.ok(bomb.length < 100_000);
    await assert.rejects(
      read(bomb, [], { size: 1_000_000 }),
      fails('LIMIT_EXCEEDED', 'unpacks to more than'),
    );
  });

  test('in a compression that is not read is named', async () => {
    for (const [magic, name] of [
      ['425a6839', 'bzip2'],
      ['fd377a585a00', 'xz'],
    ] as const) {
      const bytes = Buffer.concat([Buffer.from(magic, 'hex'), Buffer.alloc(1000)]);
      await assert.rejects(read(bytes, []), fails('SOURCE_INVALID', name));
    }
    const damaged = Buffer.concat([Buffer.from('28b52ffd', 'hex'), Buffer.alloc(1000)]);
    await assert.rejects(read(damaged, []), fails('SOURCE_INVALID', 'is damaged'));
    await assert.rejects(read(deflateRawSync(buildTar(layout)), []), fails('SOURCE_INVALID', ''));
  });

  test('of any bytes is read or refused, and one changed byte ends in neither a crash nor a hang', async () => {
    const whole = buildTar(legacyEntries([{ image, tags: ['a:1'] }], 'folders'));
    const readOrRefuse = async (bytes: Uint8Array) => {
      try {
        await read(bytes, []);
      } catch (error) {
        assert.ok(isSignpostError(error), String(error));
      }
    };
    await fc.assert(fc.asyncProperty(fc.uint8Array({ maxLength: 2048 }), readOrRefuse), { numRuns: 50 });
    const flipped = fc
      .tuple(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }))
      .map(([at, change]) => whole.with(at, (whole[at] ?? 0) ^ change));
    await fc.assert(fc.asyncProperty(flipped, readOrRefuse), { numRuns: 200 });
  });
});
