import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { digestOf } from './digest.ts';
import { mediaTypes } from './media-types.ts';
import { formatReferrersIndex, indexReferrers, type Referrer } from './referrers-index.ts';

const referrer = fc
  .record({ text: fc.string(), size: fc.nat(), annotation: fc.option(fc.string(), { nil: undefined }) })
  .map(({ text, size, annotation }): Referrer => {
    const annotations = annotation === undefined ? {} : { annotations: { annotation } };
    return { mediaType: mediaTypes.ociManifest, digest: digestOf(text), size, ...annotations };
  });

function manifestsOf(bytes: Uint8Array): unknown {
  const { schemaVersion, mediaType, manifests } = JSON.parse(Buffer.from(bytes).toString()) as Record<
    string,
    unknown
  >;
  assert.deepEqual([schemaVersion, mediaType], [2, mediaTypes.ociIndex]);
  return manifests;
}

test('an index says of each referrer what is known of it, and pages lead through all of them', () => {
  fc.assert(
    fc.property(fc.array(referrer), fc.nat(600), (all, limit) => {
      assert.deepEqual(manifestsOf(formatReferrersIndex(all).bytes), all);
      for (let at = 0; at < all.length;) {
        const rest = all.slice(at);
        const { bytes, count } = formatReferrersIndex(rest, limit);
        assert.ok(count > 0 && (count === 1 || bytes.length < limit + 100));
        assert.deepEqual(manifestsOf(bytes), rest.slice(0, count));
        at += count;
      }
    }),
  );
});

test('manifests are listed with their subjects, sorted, and in whatever order they come', () => {
  const [subject, other] = [digestOf('subject'), digestOf('other')];
  fc.assert(
    fc.property(fc.uniqueArray(referrer, { selector: ({ digest }) => digest }), (all) => {
      const manifests = all.map((one, at) =>
        at % 3 === 0 ? one : { ...one, subject: at % 3 === 1 ? subject : other },
      );
      const indexes = indexReferrers(manifests);
      assert.deepEqual(indexReferrers(manifests.toReversed()), new Map([...indexes].toReversed()));
      const listed = [...indexes.values()].flatMap((bytes) => manifestsOf(bytes) as Referrer[]);
      assert.equal(listed.length, manifests.filter((one) => 'subject' in one).length);
      const digests = (manifestsOf(indexes.get(other) ?? formatReferrersIndex([]).bytes) as Referrer[]).map(
        ({ digest }) => digest,
      );
      assert.deepEqual(digests, digests.toSorted());
    }),
  );
});
