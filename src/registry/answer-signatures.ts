import { createHash } from 'node:crypto';
import type { Digest } from '../oci/digest.ts';
import type { RepositoryName } from '../oci/reference.ts';
import type { TreeReader } from '../ports/tree.ts';
import { ByteCache } from './byte-cache.ts';
import type { Exchange } from './exchange.ts';
import { ociError } from './oci-error.ts';
import type { RoutingSnapshot } from './routing-snapshot.ts';
import { sendError, sendJson } from './send-error.ts';

/** Answers requests for containers/image simple signatures, in both forms in which clients ask. */
export interface SignatureAnswers {
  /** `/extensions/v2/<name>/signatures/<digest>`. Nothing signed is an empty list: a 404 would fail every copy. */
  extension(
    exchange: Exchange,
    snapshot: RoutingSnapshot,
    repository: RepositoryName,
    digest: Digest,
  ): Promise<void>;
  /** `/signatures/<name>@sha256=<hex>/signature-<n>`. A 404 ends the list. */
  lookaside(
    exchange: Exchange,
    snapshot: RoutingSnapshot,
    repository: RepositoryName,
    digest: Digest,
    index: number,
  ): Promise<void>;
}

const cacheBytes = 16 * 1024 * 1024;

export function createSignatureAnswers(tree: TreeReader): SignatureAnswers {
  const cache = new ByteCache<readonly Uint8Array[]>(cacheBytes);
  let cachedSerial = -1;

  const read = async (snapshot: RoutingSnapshot, repository: RepositoryName, digest: Digest) => {
    // Only what is published is looked for on the disk.
    if (snapshot.findManifest(repository, digest) === undefined) return [];
    // Signatures are renewed by publications, and each raises the serial.
    if (snapshot.serial !== cachedSerial) {
      cache.clear();
      cachedSerial = snapshot.serial;
    }
    const key = `${repository}@${digest}`;
    const known = cache.get(key);
    if (known !== undefined) return known;
    const signatures = await tree.readSignatures(repository, digest);
    if (snapshot.serial === cachedSerial) {
      cache.set(
        key,
        signatures,
        signatures.reduce((sum, one) => sum + one.length, 0),
      );
    }
    return signatures;
  };

  return {
    async extension(exchange, snapshot, repository, digest) {
      const signatures = await read(snapshot, repository, digest);
      sendJson(exchange, {
        signatures: signatures.map((signature) => ({
          schemaVersion: 2,
          name: `${digest}@${createHash('sha256').update(signature).digest('hex').slice(0, 32)}`,
          type: 'atomic',
          content: Buffer.from(signature).toString('base64'),
        })),
      });
    },
    async lookaside(exchange, snapshot, repository, digest, index) {
      const signature = (await read(snapshot, repository, digest))[index - 1];
      if (signature === undefined) {
        sendError(exchange, ociError(404, 'MANIFEST_UNKNOWN', 'there is no such signature'));
        return;
      }
      exchange.answer(
        200,
        [
          'Content-Type',
          'application/octet-stream',
          'Content-Length',
          String(signature.length),
          'Cache-Control',
          'no-cache',
        ],
        signature,
      );
    },
  };
}
