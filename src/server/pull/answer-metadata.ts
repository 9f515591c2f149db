import type { MetadataTree } from '../../ports/metadata-tree.ts';
import type { FoundMetadataPath } from '../../trust/metadata-path.ts';
import { ByteCache } from './byte-cache.ts';
import type { Exchange } from './exchange.ts';
import { ociError } from './oci-error.ts';
import { sendError } from './send-error.ts';

const cacheBytes = 16 * 1024 * 1024;
const yearSeconds = 31_536_000;

/**
 * Answers for files of TUF and Notary v1 metadata. They are never redirected: a mirror that is behind would look like
 * one that holds clients back. What never changes is kept in memory; timestamps are read each time.
 */
export function createMetadataAnswers(
  tree: Pick<MetadataTree, 'read'>,
): (exchange: Exchange, file: FoundMetadataPath) => Promise<void> {
  const cache = new ByteCache<Uint8Array>(cacheBytes);
  return async (exchange, { path, immutable }) => {
    const bytes = cache.get(path) ?? (await tree.read(path));
    if (bytes === undefined) {
      sendError(exchange, ociError(404, 'MANIFEST_UNKNOWN', 'there is no such file of metadata'));
      return;
    }
    if (immutable) cache.set(path, bytes, bytes.length);
    exchange.answer(
      200,
      [
        'Content-Type',
        'application/json',
        'Content-Length',
        String(bytes.length),
        'Cache-Control',
        immutable ? `public, max-age=${yearSeconds}, immutable` : 'no-cache',
      ],
      bytes,
    );
  };
}
