import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf } from '../../src/oci/digest.ts';
import { mediaTypes } from '../../src/oci/media-types.ts';
import { parseRepositoryName, parseTagName } from '../../src/oci/reference.ts';
import type { Publication, Publications, PublishedContent } from '../../src/ports/publications.ts';
import type { IssuedRequests } from '../../src/ports/issued-requests.ts';
import type { Serials } from '../../src/ports/serials.ts';
import type { StagedImages } from '../../src/ports/staged-images.ts';
import { rowsOf } from '../fakes/rows-of.ts';

export interface PublicationSides {
  readonly publications: Publications;
  readonly content: PublishedContent;
  readonly stagedImages: StagedImages;
  readonly issuedRequests: IssuedRequests;
  readonly serials: Serials;
}

/** What the three ports onto the origin's database do together. `create` makes an empty one. */
export function publicationsContract(
  name: string,
  create: () => PublicationSides | Promise<PublicationSides>,
): void {
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

  test(`${name}: nothing is published at first`, async () => {
    const { publications, content } = await create();
    assert.deepEqual(await publications.serials(), { serial: 0, repositories: new Map() });
    assert.deepEqual(await content.changes(0), { serial: 0, repositories: new Map() });
    assert.equal(await publications.findTag(base, tag), undefined);
    assert.equal(await publications.findBlob(blob), undefined);
    assert.deepEqual(
      [
        ...(await rowsOf(content.tags())),
        ...(await rowsOf(content.manifests())),
        ...(await rowsOf(content.blobs())),
      ],
      [],
    );
  });

  test(`${name}: referrers are found by subject and type, until they are retired`, async () => {
    const { publications, content } = await create();
    const type = 'application/x.example';
    assert.deepEqual(await publications.findReferrers(base, list, type), []);
    await publications.publish(publication);
    assert.deepEqual(await publications.findReferrers(base, list, type), [image]);
    assert.deepEqual(await publications.findReferrers(base, list, 'application/x.other'), []);
    assert.deepEqual(await publications.findReferrers(base, image, type), []);
    assert.deepEqual(await publications.findReferrers(other, list, type), []);
    const retired = [{ repository: base, digest: image }];
    assert.equal(await publications.publish({ tags: [], manifests: [], blobs: [], retired }), 2);
    assert.deepEqual(await publications.findReferrers(base, list, type), []);
    assert.equal((await publications.serials()).repositories.get(base), 2);
    assert.deepEqual(
      (await rowsOf(content.manifests())).map(({ digest }) => digest),
      [list],
    );
  });

  test(`${name}: what is published can be read back`, async () => {
    const { publications, content } = await create();
    assert.equal(await publications.publish(publication), 1);
    assert.deepEqual(await publications.findTag(base, tag), publication.tags[0]);
    assert.deepEqual(await publications.findBlob(blob), { ...publication.blobs[0], serial: 1 });
    assert.deepEqual(await rowsOf(content.tags()), publication.tags);
    assert.deepEqual(
      (await rowsOf(content.manifests())).toSorted((a, b) => a.size - b.size),
      publication.manifests,
    );
    assert.deepEqual(await rowsOf(content.blobs()), [{ ...publication.blobs[0], serial: 1 }]);
  });

  test(`${name}: each publication raises the serial of what it touches`, async () => {
    const { publications, content } = await create();
    await publications.publish(publication);
    assert.equal(await publications.findBlob(blob, other), undefined);
    assert.equal(await publications.publish(elsewhere), 2);
    assert.deepEqual(await publications.findBlob(blob, other), { ...elsewhere.blobs[0], serial: 2 });
    assert.deepEqual(await publications.findBlob(blob, base), { ...publication.blobs[0], serial: 1 });
    assert.equal(await publications.publish({ ...elsewhere, blobs: elsewhere.blobs }), 3);
    assert.deepEqual(await content.changes(1), { serial: 3, repositories: new Map([[other, 3]]) });
    assert.deepEqual(await content.changes(3), { serial: 3, repositories: new Map() });
    assert.deepEqual(
      (await publications.serials()).repositories,
      new Map([
        [other, 3],
        [base, 1],
      ]),
    );
  });

  test(`${name}: each repository can be read by itself, and the version moves`, async () => {
    const { publications, content } = await create();
    const version = await content.version();
    await publications.publish(publication);
    await publications.publish(elsewhere);
    assert.notEqual(await content.version(), version);
    assert.deepEqual(await rowsOf(content.tags([base])), publication.tags);
    assert.deepEqual(await rowsOf(content.tags([other])), []);
    assert.equal((await rowsOf(content.manifests([other, base]))).length, 2);
    assert.deepEqual(await rowsOf(content.blobs([other])), [{ ...elsewhere.blobs[0], serial: 2 }]);
    assert.deepEqual(await rowsOf(content.blobs([])), []);
    assert.deepEqual(await rowsOf(content.blobs([parseRepositoryName('un/known')])), []);
  });

  test(`${name}: of many repositories, those are read that are asked for`, async () => {
    const { publications, content } = await create();
    const repositories = Array.from({ length: 150 }, (_, at) => parseRepositoryName(`many/number-${at}`));
    const blobs = [
      ...repositories.map((repository) => ({ repository, digest: blob, size: 1 })),
      ...Array.from({ length: 4500 }, (_, at) => ({ repository: base, digest: digestOf(`${at}`), size: at })),
    ];
    await publications.publish({ tags: [], manifests: [], blobs });
    const all = await rowsOf(content.blobs());
    assert.deepEqual(
      new Set(all.map(({ repository, digest }) => `${repository}@${digest}`)),
      new Set(blobs.map(({ repository, digest }) => `${repository}@${digest}`)),
    );
    assert.equal(all.length, blobs.length);
    assert.equal((await rowsOf(content.blobs([base]))).length, 4500);
    assert.equal((await rowsOf(content.blobs(repositories))).length, 150);
  });

  test(`${name}: a blob keeps the serial that brought it`, async () => {
    const { publications, content } = await create();
    await publications.publish(publication);
    await publications.publish(publication);
    assert.deepEqual(
      (await rowsOf(content.blobs())).map(({ serial }) => serial),
      [1],
    );
  });

  test(`${name}: a tag that is published again is replaced`, async () => {
    const { publications, content } = await create();
    await publications.publish(publication);
    const moved = { repository: base, tag, list: image, requestSerial: 8, expires: 99 };
    await publications.publish({ tags: [moved], manifests: [], blobs: [] });
    assert.deepEqual(await rowsOf(content.tags()), [moved]);
  });

  test('a staged image is remembered with all that is known of it, and as it was put last', async () => {
    const { stagedImages } = await create();
    const plain = { repository: base, tag, list, staged: 1 };
    for (const put of [{ ...plain, referrers: image }, { ...plain, reason: 'no' }, plain]) {
      await stagedImages.put(put);
      assert.deepEqual(await stagedImages.list(), [put]);
    }
  });

  test(`${name}: publishing a tag takes just that image from the staged ones`, async () => {
    const { publications, stagedImages } = await create();
    await stagedImages.put({ repository: base, tag, list, staged: 1 });
    await stagedImages.put({ repository: other, tag, list, staged: 1 });
    await publications.publish(publication);
    assert.deepEqual(
      (await stagedImages.list()).map(({ repository }) => repository),
      [other],
    );
    await stagedImages.put({ repository: base, tag, list: image, staged: 2 });
    await publications.publish(publication);
    assert.equal((await stagedImages.list()).length, 2, 'another image was staged under the tag meanwhile');
  });

  test(`${name}: the version changes with every change and with nothing else`, async () => {
    const { publications, content, stagedImages } = await create();
    const seen = [await content.version()];
    const step = async (work: () => Promise<unknown>) => {
      await work();
      seen.push(await content.version());
      assert.equal(await content.version(), seen.at(-1));
    };
    await step(() => publications.publish(publication));
    await step(() => publications.publish(elsewhere));
    await step(() => stagedImages.put({ repository: base, tag, list, staged: 1 }));
    assert.equal(new Set(seen).size, seen.length);
    await publications.findBlob(blob);
    assert.equal(await content.version(), seen.at(-1));
  });

  test(`${name}: staged images are kept, replaced, and removed`, async () => {
    const { stagedImages } = await create();
    const waiting = { repository: base, tag, list, staged: 5 };
    await stagedImages.put(waiting);
    assert.deepEqual(await stagedImages.list(), [waiting]);
    await stagedImages.put({ ...waiting, list: image, reason: 'the key is unknown' });
    assert.deepEqual(await stagedImages.list(), [{ ...waiting, list: image, reason: 'the key is unknown' }]);
    await stagedImages.put({ repository: other, tag, list, staged: 6 });
    assert.deepEqual(
      (await stagedImages.list()).map(({ repository }) => repository),
      [other, base],
    );
    await stagedImages.remove(base, tag);
    await stagedImages.remove(base, tag);
    assert.deepEqual(
      (await stagedImages.list()).map(({ repository }) => repository),
      [other],
    );
  });

  test(`${name}: the requests that were issued are remembered by their serial`, async () => {
    const { issuedRequests } = await create();
    const [one, two] = [digestOf('one'), digestOf('two')];
    await issuedRequests.add(1, one);
    await issuedRequests.add(2, two);
    assert.deepEqual(await Promise.all([1, 2, 3].map((serial) => issuedRequests.find(serial))), [
      one,
      two,
      undefined,
    ]);
    await issuedRequests.add(2, one);
    assert.equal(await issuedRequests.find(2), one);
  });

  test(`${name}: many rows come in batches, each of them once`, async () => {
    const { publications, content } = await create();
    const blobs = Array.from({ length: 12_345 }, (_, at) => ({
      repository: at % 2 === 0 ? base : other,
      digest: digestOf(String(at)),
      size: at,
    }));
    await publications.publish({ tags: [], manifests: [], blobs });
    const sizes = new Set<number>();
    let batches = 0;
    for await (const batch of content.blobs()) {
      for (const row of batch) sizes.add(row.size);
      batches += 1;
    }
    assert.equal(sizes.size, blobs.length);
    assert.ok(batches > 1 && batches < 1000);
    for await (const batch of content.blobs()) {
      assert.ok(batch.length > 0);
      break;
    }
    assert.equal(await publications.publish(publication), 2, 'an iteration that was left holds nothing up');
  });

  test(`${name}: serials move on, and are never given again`, async () => {
    const { publications, stagedImages, issuedRequests, serials, content } = await create();
    assert.deepEqual(await serials.given(), { publication: 0, request: 0 });
    await publications.publish(publication);
    await issuedRequests.add(9, list);
    assert.deepEqual(await serials.given(), { publication: 1, request: 9 });
    await serials.moveOn({ publication: 40, request: 100 }, [base, other, base]);
    await serials.moveOn({ publication: 40, request: 100 }, [base]);
    assert.deepEqual(await serials.given(), { publication: 40, request: 100 });
    const all = new Map([
      [other, 40],
      [base, 40],
    ]);
    assert.deepEqual(await publications.serials(), { serial: 40, repositories: all });
    assert.deepEqual(new Map((await content.changes(39)).repositories), all);
    assert.equal(await stagedImages.nextRequestSerial(), 101);
    assert.equal(await publications.publish(elsewhere), 41);
    // Never back.
    await serials.moveOn({ publication: 30, request: 50 }, []);
    assert.deepEqual(await serials.given(), { publication: 41, request: 101 });
    assert.equal(await publications.publish(publication), 42);
    assert.equal((await publications.findTag(base, tag))?.list, list, 'what is known stays');
  });

  test(`${name}: request serials only grow`, async () => {
    const { stagedImages } = await create();
    const serials: number[] = [];
    for (let count = 0; count < 5; count += 1) serials.push(await stagedImages.nextRequestSerial());
    assert.deepEqual(
      serials,
      [...new Set(serials)].toSorted((a, b) => a - b),
    );
    assert.ok((serials[0] ?? 0) >= 1);
  });
}
