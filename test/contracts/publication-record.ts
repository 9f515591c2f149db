import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { digestOf } from '../../src/oci/digest.ts';
import { parseRepositoryName, parseTagName } from '../../src/oci/reference.ts';
import type { PublicationRecord } from '../../src/ports/publication-record.ts';
import type { Publication } from '../../src/ports/publications.ts';

/** What every PublicationRecord must do. `open` publishes these, each at 1000 times its serial. */
export function publicationRecordContract(
  name: string,
  open: (
    publications: readonly Publication[],
  ) => Promise<{ readonly record: PublicationRecord; readonly end: () => Promise<void> }>,
): void {
  const base = parseRepositoryName('fedora/base');
  const near = parseRepositoryName('fedora-base');
  const publish = (repository: typeof base, ...tags: readonly string[]): Publication => ({
    tags: tags.map((tag, index) => ({
      repository,
      tag: parseTagName(tag),
      list: digestOf(tag),
      requestSerial: 7 + index,
      expires: 5000,
    })),
    manifests: [],
    blobs: [],
  });
  const using =
    (publications: readonly Publication[], work: (record: PublicationRecord) => Promise<void>) =>
    async () => {
      const { record, end } = await open(publications);
      try {
        await work(record);
      } finally {
        await end();
      }
    };

  describe(`publication record: ${name}`, () => {
    it(
      'is empty when nothing is published',
      using([], async (record) => {
        assert.deepEqual(await record.events(10), []);
        assert.deepEqual(await record.repositories(10), []);
        assert.deepEqual(await record.tags(base, 10), []);
      }),
    );
    it(
      'gives the events, the newest first, a page at a time',
      using([publish(base, '1'), publish(base, '2'), publish(near, '1')], async (record) => {
        const [third, second] = await record.events(2);
        assert.deepEqual(
          [third, second],
          [
            { serial: 3, published: 3000 },
            { serial: 2, published: 2000 },
          ],
        );
        assert.deepEqual(await record.events(2, 2), [{ serial: 1, published: 1000 }]);
      }),
    );
    it(
      'gives the repositories in the order of their bytes, with the serial that changed each last',
      using([publish(base, '1'), publish(near, '1'), publish(base, '2')], async (record) => {
        const all = [
          { repository: near, serial: 2 },
          { repository: base, serial: 3 },
        ];
        assert.deepEqual(await record.repositories(10), all);
        assert.deepEqual(await record.repositories(1), all.slice(0, 1));
        assert.deepEqual(await record.repositories(10, near), all.slice(1));
      }),
    );
    it(
      'gives the tags of one repository in the order of their bytes',
      using([publish(base, 'b', 'B', 'a-1', 'a.1'), publish(near, 'other')], async (record) => {
        const names = async (limit: number, after?: string) =>
          (await record.tags(base, limit, after === undefined ? undefined : parseTagName(after))).map(
            ({ tag }) => tag,
          );
        assert.deepEqual(await names(10), ['B', 'a-1', 'a.1', 'b']);
        assert.deepEqual(await names(2, 'B'), ['a-1', 'a.1']);
        const [tag] = await record.tags(near, 1);
        assert.deepEqual(tag, publish(near, 'other').tags[0]);
      }),
    );
  });
}
