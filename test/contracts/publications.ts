import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf } from '../../src/oci/digest.ts';
import { mediaTypes } from '../../src/oci/media-types.ts';
import { parseRepositoryName, parseTagName } from '../../src/oci/reference.ts';
import type { Publication, Publications, PublishedContent } from '../../src/ports/publications.ts';
import type { IssuedRequests } from '../../src/ports/issued-requests.ts';
import type { StagedImages } from '../../src/ports/staged-images.ts';

export interface PublicationSides {
  readonly publications: Publications;
  readonly content: PublishedContent;
  readonly stagedImages: StagedImages;
  readonly issuedRequests: IssuedRequests;
}

/** What the three ports onto the origin's database do together. `create` makes an empty one. */
export function publicationsContract(name: string, create: () => PublicationSides): void {
  const base = parseRepositoryName('fedora/base');
  const other = parseRepositoryName('debian');
  const tag = parseTagName('41');
  const [list, image, blob] = ['list', 'image', 'blob'].map(digestOf) as [
    ReturnType<typeof digestOf>,
    ReturnType<typeof digestOf>,
    ReturnType<typeof digestOf>,
  ];
  const publication: Publication = {
    tags: [{ repository: base, tag, list, requestSerial: 7, expires: 1234 }],
    manifests: [
      { repository: base, digest: list, mediaType: mediaTypes.ociIndex, size: 10 },
      {
        repository: base,
        digest: image,
        mediaType: mediaTypes.ociManifest,
        size: 20,
        subject: list,
        artifactType: 'application/x.example',
        annotations: { key: 'value' },
      },
    ],
    blobs: [{ repository: base, digest: blob, size: 30 }],
  };
  const elsewhere: Publication = {
    tags: [],
    manifests: [],
    blobs: [{ repository: other, digest: blob, size: 30 }],
  };

  test(`${name}: nothing is published at first`, () => {
    const { publications, content } = create();
    assert.deepEqual(publications.serials(), { serial: 0, repositories: new Map() });
    assert.equal(content.serial(), 0);
    assert.equal(publications.findTag(base, tag), undefined);
    assert.equal(publications.findBlob(blob), undefined);
    assert.deepEqual([...content.tags(), ...content.manifests(), ...content.blobs()], []);
  });

  test(`${name}: referrers are found by subject and type, until they are retired`, () => {
    const { publications, content } = create();
    const type = 'application/x.example';
    assert.deepEqual(publications.findReferrers(base, list, type), []);
    publications.publish(publication);
    assert.deepEqual(publications.findReferrers(base, list, type), [image]);
    assert.deepEqual(publications.findReferrers(base, list, 'application/x.other'), []);
    assert.deepEqual(publications.findReferrers(base, image, type), []);
    assert.deepEqual(publications.findReferrers(other, list, type), []);
    const retired = [{ repository: base, digest: image }];
    assert.equal(publications.publish({ tags: [], manifests: [], blobs: [], retired }), 2);
    assert.deepEqual(publications.findReferrers(base, list, type), []);
    assert.equal(publications.serials().repositories.get(base), 2);
    assert.deepEqual(
      [...content.manifests()].map(({ digest }) => digest),
      [list],
    );
  });

  test(`${name}: what is published can be read back`, () => {
    const { publications, content } = create();
    assert.equal(publications.publish(publication), 1);
    assert.deepEqual(publications.findTag(base, tag), publication.tags[0]);
    assert.deepEqual(publications.findBlob(blob), { ...publication.blobs[0], serial: 1 });
    assert.deepEqual([...content.tags()], publication.tags);
    assert.deepEqual(
      [...content.manifests()].toSorted((a, b) => a.size - b.size),
      publication.manifests,
    );
    assert.deepEqual([...content.blobs()], [{ ...publication.blobs[0], serial: 1 }]);
  });

  test(`${name}: each publication raises the serial of what it touches`, () => {
    const { publications, content } = create();
    publications.publish(publication);
    assert.equal(publications.findBlob(blob, other), undefined);
    assert.equal(publications.publish(elsewhere), 2);
    assert.deepEqual(publications.findBlob(blob, other), { ...elsewhere.blobs[0], serial: 2 });
    assert.deepEqual(publications.findBlob(blob, base), { ...publication.blobs[0], serial: 1 });
    assert.equal(publications.publish({ ...elsewhere, blobs: elsewhere.blobs }), 3);
    assert.equal(content.serial(), 3);
    assert.deepEqual(
      publications.serials().repositories,
      new Map([
        [other, 3],
        [base, 1],
      ]),
    );
  });

  test(`${name}: a blob keeps the serial that brought it`, () => {
    const { publications, content } = create();
    publications.publish(publication);
    publications.publish(publication);
    assert.deepEqual(
      [...content.blobs()].map(({ serial }) => serial),
      [1],
    );
  });

  test(`${name}: a tag that is published again is replaced`, () => {
    const { publications, content } = create();
    publications.publish(publication);
    const moved = { repository: base, tag, list: image, requestSerial: 8, expires: 99 };
    publications.publish({ tags: [moved], manifests: [], blobs: [] });
    assert.deepEqual([...content.tags()], [moved]);
  });

  test(`${name}: publishing a tag takes just that image from the staged ones`, () => {
    const { publications, stagedImages } = create();
    stagedImages.put({ repository: base, tag, list, staged: 1 });
    stagedImages.put({ repository: other, tag, list, staged: 1 });
    publications.publish(publication);
    assert.deepEqual(
      stagedImages.list().map(({ repository }) => repository),
      [other],
    );
    stagedImages.put({ repository: base, tag, list: image, staged: 2 });
    publications.publish(publication);
    assert.equal(stagedImages.list().length, 2, 'another image was staged under the tag meanwhile');
  });

  test(`${name}: the version changes with every change and with nothing else`, () => {
    const { publications, content, stagedImages } = create();
    const seen = [content.version()];
    const step = (work: () => unknown) => {
      work();
      seen.push(content.version());
      assert.equal(content.version(), seen.at(-1));
    };
    step(() => publications.publish(publication));
    step(() => publications.publish(elsewhere));
    step(() => stagedImages.put({ repository: base, tag, list, staged: 1 }));
    assert.equal(new Set(seen).size, seen.length);
    publications.findBlob(blob);
    assert.equal(content.version(), seen.at(-1));
  });

  test(`${name}: staged images are kept, replaced, and removed`, () => {
    const { stagedImages } = create();
    const waiting = { repository: base, tag, list, staged: 5 };
    stagedImages.put(waiting);
    assert.deepEqual(stagedImages.list(), [waiting]);
    stagedImages.put({ ...waiting, list: image, reason: 'the key is unknown' });
    assert.deepEqual(stagedImages.list(), [{ ...waiting, list: image, reason: 'the key is unknown' }]);
    stagedImages.put({ repository: other, tag, list, staged: 6 });
    assert.deepEqual(
      stagedImages.list().map(({ repository }) => repository),
      [other, base],
    );
    stagedImages.remove(base, tag);
    stagedImages.remove(base, tag);
    assert.deepEqual(
      stagedImages.list().map(({ repository }) => repository),
      [other],
    );
  });

  test(`${name}: the requests that were issued are remembered by their serial`, () => {
    const { issuedRequests } = create();
    const [one, two] = [digestOf('one'), digestOf('two')];
    issuedRequests.add(1, one);
    issuedRequests.add(2, two);
    assert.deepEqual(
      [1, 2, 3].map((serial) => issuedRequests.find(serial)),
      [one, two, undefined],
    );
    issuedRequests.add(2, one);
    assert.equal(issuedRequests.find(2), one);
  });

  test(`${name}: request serials only grow`, () => {
    const { stagedImages } = create();
    const serials = Array.from({ length: 5 }, () => stagedImages.nextRequestSerial());
    assert.deepEqual(
      serials,
      [...new Set(serials)].toSorted((a, b) => a - b),
    );
    assert.ok((serials[0] ?? 0) >= 1);
  });
}
