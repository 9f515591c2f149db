import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createMemoryPublications } from '../../../test/fakes/memory-publications.ts';
import { numberedMirror } from '../../../test/fakes/mirrors.ts';
import { digestOf } from '../../oci/digest.ts';
import { mediaTypes } from '../../oci/media-types.ts';
import { parseRepositoryName, parseTagName } from '../../oci/reference.ts';
import { pickProbeTarget } from './pick-probe-target.ts';
import { compileSnapshot } from './compile-snapshot.ts';

const repository = parseRepositoryName('fedora/base');
const other = parseRepositoryName('other/name');
const list = digestOf('list');
const blob = digestOf('blob');

async function world() {
  const { publications, content } = createMemoryPublications();
  await publications.publish({
    tags: [{ repository, tag: parseTagName('41'), list, requestSerial: 1, expires: 0 }],
    manifests: [{ repository, digest: list, mediaType: mediaTypes.ociIndex, size: 500 }],
    blobs: [{ repository, digest: blob, size: 2 ** 33 + 5 }],
  });
  return { publications, content };
}

/** A publication that the first repository has no part in. */
async function publishElsewhere({ publications }: Pick<Awaited<ReturnType<typeof world>>, 'publications'>) {
  const blobs = [{ repository: other, digest: blob, size: 1 }];
  await publications.publish({ tags: [], manifests: [], blobs });
}

test('a snapshot finds what is published, where it is published', async () => {
  const { content } = await world();
  const snapshot = await compileSnapshot(content, undefined, async () => {});
  assert.equal(snapshot.serial, 1);
  assert.deepEqual(snapshot.counts, { repositories: 1, tags: 1, manifests: 1, blobs: 1 });
  assert.equal(snapshot.findTag(repository, parseTagName('41')), list);
  assert.equal(snapshot.findTag(other, parseTagName('41')), undefined);
  assert.deepEqual(snapshot.findManifest(repository, list), { mediaType: mediaTypes.ociIndex, size: 500 });
  assert.equal(snapshot.findManifest(repository, blob), undefined);
  assert.deepEqual(snapshot.findBlob(repository, blob), { size: 2 ** 33 + 5, serial: 1 });
  assert.equal(snapshot.findBlob(other, blob), undefined);
  assert.equal(snapshot.tagNames(other), undefined);
});

test('a snapshot does not change when more is published', async () => {
  const { content, publications } = await world();
  const before = await compileSnapshot(content, undefined, async () => {});
  await publishElsewhere({ publications });
  assert.equal(before.findBlob(other, blob), undefined);
  const after = await compileSnapshot(content, before, async () => {});
  assert.deepEqual(after.findBlob(other, blob), { size: 1, serial: 2 });
  assert.equal(await compileSnapshot(content, after, async () => {}), after, 'nothing has changed');
});

test('only what has changed is read, and the rest is shared', async () => {
  const { content, publications } = await world();
  const before = await compileSnapshot(content, undefined, async () => {});
  await publishElsewhere({ publications });
  const read: (readonly string[] | undefined)[] = [];
  const watched = {
    ...content,
    blobs: (names?: readonly (typeof other)[]) => {
      read.push(names);
      return content.blobs(names);
    },
  };
  const after = await compileSnapshot(watched, before, async () => {});
  assert.deepEqual(read, [[other]]);
  assert.equal(after.parts.repositories.get(repository), before.parts.repositories.get(repository));
  // Signed anew, with the blobs that it had.
  const tag = { repository, tag: parseTagName('41'), list, requestSerial: 2, expires: 1 };
  await publications.publish({ tags: [tag], manifests: [], blobs: [] });
  const renewed = await compileSnapshot(content, after, async () => {});
  const blobsIn = (snapshot: typeof after) => snapshot.parts.repositories.get(repository)?.blobs;
  assert.notEqual(blobsIn(renewed), undefined);
  assert.equal(blobsIn(renewed), blobsIn(after));
});

test('a database that was put back to an earlier state is read whole', async () => {
  const later = await world();
  await publishElsewhere(later);
  const ahead = await compileSnapshot(later.content, undefined, async () => {});
  const snapshot = await compileSnapshot((await world()).content, ahead, async () => {});
  assert.equal(snapshot.serial, 1);
  assert.equal(snapshot.tagNames(other), undefined);
});

test('property: step by step or at once, the snapshot is the same', async () => {
  const repositories = [repository, other, parseRepositoryName('third')];
  const name = fc.constantFrom(...repositories);
  const digest = fc.nat(30).map((number) => digestOf(String(number)));
  const manifest = fc
    .record({ repository: name, digest, subject: fc.option(digest, { nil: undefined }) })
    .map(({ subject, ...rest }) => ({
      ...rest,
      mediaType: mediaTypes.ociManifest,
      size: 3,
      ...(subject === undefined ? {} : { subject }),
    }));
  const publication = fc.record({
    tags: fc.array(
      fc.record({
        repository: name,
        tag: fc.constantFrom('a', 'b', 'sha256-x.sig').map(parseTagName),
        list: digest,
        requestSerial: fc.nat(9),
        expires: fc.nat(9),
      }),
      { maxLength: 3 },
    ),
    manifests: fc.array(manifest, { maxLength: 4 }),
    blobs: fc.array(fc.record({ repository: name, digest, size: fc.nat() }), { maxLength: 4 }),
    retired: fc.array(fc.record({ repository: name, digest }), { maxLength: 2 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(publication, { minLength: 1, maxLength: 6 }), async (publications) => {
      const memory = createMemoryPublications();
      let stepped = await compileSnapshot(memory.content, undefined, async () => {});
      for (const one of publications) {
        await memory.publications.publish(one);
        stepped = await compileSnapshot(memory.content, stepped, async () => {});
      }
      const whole = await compileSnapshot(memory.content, undefined, async () => {});
      assert.deepEqual(stepped.counts, whole.counts);
      const sorted = (snapshot: typeof whole) => snapshot.samples.map((one) => JSON.stringify(one)).sort();
      assert.deepEqual(sorted(stepped), sorted(whole));
      for (const one of repositories) {
        assert.deepEqual(stepped.tagNames(one), whole.tagNames(one));
        assert.equal(stepped.blobSerial(one), whole.blobSerial(one));
        for (const tag of ['a', 'b'].map(parseTagName)) {
          assert.equal(stepped.findTag(one, tag), whole.findTag(one, tag));
        }
        for (let number = 0; number <= 30; number += 1) {
          const some = digestOf(String(number));
          assert.deepEqual(stepped.findBlob(one, some), whole.findBlob(one, some));
          assert.deepEqual(stepped.findManifest(one, some), whole.findManifest(one, some));
          assert.deepEqual(stepped.referrers(one, some), whole.referrers(one, some));
        }
      }
    }),
  );
});

test('compiling gives the event loop its turn', async () => {
  const { content, publications } = await world();
  const blobs = Array.from({ length: 5000 }, (_, at) => ({
    repository,
    digest: digestOf(`${at}`),
    size: at,
  }));
  await publications.publish({ tags: [], manifests: [], blobs });
  let pauses = 0;
  await compileSnapshot(content, undefined, async () => {
    pauses += 1;
  });
  assert.ok(pauses >= 5);
});

test('probe targets are what the mirror carries and can have', async () => {
  const { content, publications } = await world();
  const late = digestOf('late');
  await publications.publish({
    tags: [],
    manifests: [],
    blobs: [{ repository: other, digest: late, size: 7 }],
  });
  const snapshot = await compileSnapshot(content, undefined, async () => {});
  const carrier = numberedMirror(1, { repositories: ['other/*'] });
  for (const random of [0, 0.49, 0.5, 0.999]) {
    assert.deepEqual(pickProbeTarget(snapshot, carrier, 2, random), {
      repository: other,
      digest: late,
      size: 7,
    });
    assert.equal(pickProbeTarget(snapshot, carrier, 1, random), undefined);
    assert.equal(pickProbeTarget(snapshot, numberedMirror(2), 1, random)?.digest, blob);
  }
});
