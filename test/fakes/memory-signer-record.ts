import type { Digest } from '../../src/oci/digest.ts';
import type { SignedTag, SignerRecord } from '../../src/ports/signer-record.ts';

export function createMemorySignerRecord(): SignerRecord {
  const tags = new Map<string, SignedTag>();
  const serials = new Map<string, number>();
  const requests = new Map<Digest, Digest>();
  const kept = new Map<string, Uint8Array>();
  return {
    find: (reference) => tags.get(reference),
    highestSerial: (repository) => serials.get(repository) ?? 0,
    findBundle: (request) => requests.get(request),
    files: () => new Map(kept),
    add(added, { request, bundle }, files = []) {
      for (const { name, bytes } of files) kept.set(name, bytes);
      requests.set(request, bundle);
      for (const tag of added) {
        const repository = tag.reference.slice(0, tag.reference.lastIndexOf(':'));
        tags.set(tag.reference, tag);
        serials.set(repository, Math.max(serials.get(repository) ?? 0, tag.serial));
      }
    },
  };
}
