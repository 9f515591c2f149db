import { createHash } from 'node:crypto';
import type { Digest } from '../../oci/digest.ts';
import type { RepositoryName } from '../../oci/reference.ts';
import type { TreeReader } from '../../ports/tree.ts';
import { ByteCache } from './byte-cache.ts';
import type { Exchange } from './exchange.ts';
import { ociError } from './oci-error.ts';
import type { RoutingSnapshot } from './routing-snapshot.ts';
import { sendError, sendJsonBody } from './send-error.ts';

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
  const cache = new ByteCache<KnownSignatures>(cacheBytes);
  let cachedSerial = -1;

  const read = async (
    snapshot: RoutingSnapshot,
    repository: RepositoryName,
    digest: Digest,
  ): Promise<KnownSignatures> => {
    // Only what is published is looked for on the disk.
    if (snapshot.findManifest(repository, digest) === undefined) return none;
    // Signatures are renewed by publications, and each raises the serial.
    if (snapshot.serial !== cachedSerial) {
      cache.clear();
      cachedSerial = snapshot.serial;
    }
    const key = `${repository}@${digest}`;
    const known = cache.get(key);
    if (known !== undefined) return known;
    const found = prepare(digest, await tree.readSignatures(repository, digest));
    if (snapshot.serial === cachedSerial) cache.set(key, found, sizeOf(found));
    return found;
  };

  return {
    async extension(exchange, snapshot, repository, digest) {
      sendJsonBody(exchange, (await read(snapshot, repository, digest)).extension);
    },
    async lookaside(exchange, snapshot, repository, digest, index) {
      const signature = (await read(snapshot, repository, digest)).signatures[index - 1];
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

/** The signatures of a digest as both kinds of client want them, made once. */
interface KnownSignatures {
  readonly signatures: readonly Uint8Array[];
  /** The document of the extension API (containers/image, docs/signature-protocols.md). */
  readonly extension: Buffer;
}

function prepare(digest: Digest, signatures: readonly Uint8Array[]): KnownSignatures {
  const document = {
    signatures: signatures.map((signature) => ({
      schemaVersion: 2,
      name: `${digest}@${createHash('sha256').update(signature).digest('hex').slice(0, 32)}`,
      type: 'atomic',
      content: Buffer.from(signature).toString('base64'),
    })),
  };
  return { signatures, extension: Buffer.from(JSON.stringify(document)) };
}

const none: KnownSignatures = { signatures: [], extension: Buffer.from('{"signatures":[]}') };

function sizeOf({ signatures, extension }: KnownSignatures): number {
  return signatures.reduce((sum, one) => sum + one.length, extension.length);
}
