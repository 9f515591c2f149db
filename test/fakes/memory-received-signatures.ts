import type {
  ReceivedSignature,
  ReceivedSignatures,
  RequestedTag,
} from '../../src/ports/received-signatures.ts';

export function createMemoryReceivedSignatures(): ReceivedSignatures {
  let rows: (RequestedTag & ReceivedSignature)[] = [];
  const same = (a: { repository: string; tag: string }, b: { repository: string; tag: string }) =>
    a.repository === b.repository && a.tag === b.tag;
  return {
    list: async (image) =>
      rows
        .filter((row) => same(row, image) && row.list === image.list && row.serial === image.serial)
        .sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))
        .map(({ format, digest, fingerprint, signature }) => ({ format, digest, fingerprint, signature })),
    async put(image, signatures) {
      const replaced = new Set(signatures.map(keyOf));
      rows = rows.filter((row) => {
        if (!same(row, image)) return true;
        if (row.list !== image.list || row.serial < image.serial) return false;
        return row.serial !== image.serial || !replaced.has(keyOf(row));
      });
      rows.push(...signatures.map((item) => ({ ...image, ...item })));
    },
    async remove(repository, tag) {
      rows = rows.filter((row) => !same(row, { repository, tag }));
    },
  };
}

function keyOf({ format, fingerprint, digest }: ReceivedSignature): string {
  return `${format} ${fingerprint} ${digest}`;
}
