import type { SignedTag, SignerRecord } from '../../src/ports/signer-record.ts';

export function createMemorySignerRecord(): SignerRecord {
  const tags = new Map<string, SignedTag>();
  const serials = new Map<string, number>();
  return {
    find: (reference) => tags.get(reference),
    highestSerial: (repository) => serials.get(repository) ?? 0,
    add(added) {
      for (const tag of added) {
        const repository = tag.reference.slice(0, tag.reference.lastIndexOf(':'));
        tags.set(tag.reference, tag);
        serials.set(repository, Math.max(serials.get(repository) ?? 0, tag.serial));
      }
    },
  };
}
