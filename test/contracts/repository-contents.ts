import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf } from '../../src/oci/digest.ts';
import { mediaTypes } from '../../src/oci/media-types.ts';
import { parseRepositoryName, parseTagName } from '../../src/oci/reference.ts';
import type { Publications } from '../../src/ports/publications.ts';
import type { RepositoryContents } from '../../src/ports/repository-contents.ts';

export interface ContentsSides {
  readonly publications: Publications;
  readonly contents: RepositoryContents;
}

/** What is published, read repository by repository. `create` makes an empty origin. */
export function repositoryContentsContract(
  name: string,
  create: () => ContentsSides | Promise<ContentsSides>,
): void {
  const base = parseRepositoryName('fedora/base');
  const other = parseRepositoryName('debian');
  const list = digestOf('list');
  const tag = { tag: parseTagName('41'), list, requestSerial: 1, expires: 9 };
  const manifest = { digest: list, mediaType: mediaTypes.ociIndex, size: 4 };
  const referrer = {
    digest: digestOf('referrer'),
    mediaType: mediaTypes.ociManifest,
    size: 5,
    subject: list,
    artifactType: 'application/x',
    annotations: { key: 'value' },
  };
  const blob = { digest: digestOf('blob'), size: 2 ** 40 };

  test(`${name}: nothing is published at first`, async () => {
    const { contents } = await create();
    assert.deepEqual(await contents.serials(), { serial: 0, repositories: new Map() });
    assert.deepEqual(await contents.read(base), { tags: [], manifests: [], blobs: [] });
  });

  test(`${name}: each repository has its own, and the version moves`, async () => {
    const { publications, contents } = await create();
    const version = await contents.version();
    await publications.publish({
      tags: [{ repository: base, ...tag }],
      manifests: [
        { repository: base, ...manifest },
        { repository: base, ...referrer },
      ],
      blobs: [{ repository: base, ...blob }],
    });
    await publications.publish({
      tags: [{ repository: other, ...tag }],
      manifests: [{ repository: other, ...manifest }],
      blobs: [],
    });
    assert.notEqual(await contents.version(), version);
    assert.deepEqual(await contents.serials(), {
      serial: 2,
      repositories: new Map([
        [other, 2],
        [base, 1],
      ]),
    });
    const { tags, manifests, blobs } = await contents.read(base);
    assert.deepEqual(tags, [{ repository: base, ...tag }]);
    assert.deepEqual(
      new Set(manifests),
      new Set([manifest, referrer].map((row) => ({ repository: base, ...row }))),
    );
    assert.deepEqual(blobs, [{ repository: base, ...blob, serial: 1 }]);
    assert.equal((await contents.read(other)).manifests.length, 1);
  });
}
