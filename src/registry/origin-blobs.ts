import type { Digest } from '../oci/digest.ts';
import { SignpostError } from '../oci/errors.ts';
import { type ByteRange, formatContentRange, parseRange } from '../oci/range.ts';
import type { RepositoryName } from '../oci/reference.ts';
import type { TreeReader } from '../ports/tree.ts';
import { blobUrlPath, describedBy, reprDigest } from './blob-headers.ts';
import { type Exchange, entityTagOf, noneMatches } from './exchange.ts';
import type { BlobEntry } from './published-repository.ts';
import { sendStream } from './send-stream.ts';
import { type StreamSlots, refuseStream } from './stream-slots.ts';
import { createVerifiedContent } from './verified-content.ts';

/** Blobs that the origin sends itself, whole or in part (RFC 9110, sections 13 and 14). */
export interface OriginBlobs {
  /** A blob that is kept in memory. One that is too large for that is streamed. */
  sendSmall(
    exchange: Exchange,
    repository: RepositoryName,
    digest: Digest,
    blob: BlobEntry,
  ): void | Promise<void>;
  /** Answers HEAD: what the same GET would say of the blob as a whole (RFC 9110, section 9.3.2). */
  describe(exchange: Exchange, repository: RepositoryName, digest: Digest, blob: BlobEntry): void;
  /** Streams a blob; 503 when too many are under way, for all or for one network. */
  send(exchange: Exchange, repository: RepositoryName, digest: Digest, blob: BlobEntry): void | Promise<void>;
}

const cacheBytes = 64 * 1024 * 1024;
/** The tree reads this much into memory at once. */
const smallLimit = 1024 * 1024;

/** @param slots the streams that may be sent at once */
export function createOriginBlobs(tree: TreeReader, slots: StreamSlots): OriginBlobs {
  const contents = createVerifiedContent(cacheBytes);

  const stream = async (
    exchange: Exchange,
    repository: RepositoryName,
    digest: Digest,
    blob: BlobEntry,
    part: Part,
    slot: Disposable,
  ) => {
    using _held = slot;
    const opened = await tree.openBlob(repository, digest, part.range);
    if (opened.size !== blob.size) {
      opened.stream.destroy();
      throw new SignpostError('DIGEST_MISMATCH', `the tree's ${digest} is damaged: its size is wrong`);
    }
    await sendStream(exchange, part.status, part.headers, opened.stream);
  };

  const send: OriginBlobs['send'] = (exchange, repository, digest, blob) => {
    const part = partOf(exchange, repository, digest, blob.size);
    if (part.status === 304 || part.status === 416) return exchange.answer(part.status, part.headers);
    const slot = slots.take(exchange.client.address);
    if (slot === undefined) return refuseStream(exchange);
    return stream(exchange, repository, digest, blob, part, slot);
  };

  return {
    send,
    describe(exchange, repository, digest, blob) {
      const part = partOf(exchange, repository, digest, blob.size);
      exchange.answer(part.status, part.headers);
    },
    sendSmall(exchange, repository, digest, blob) {
      if (blob.size > smallLimit) return send(exchange, repository, digest, blob);
      const part = partOf(exchange, repository, digest, blob.size);
      if (part.status === 304 || part.status === 416) return exchange.answer(part.status, part.headers);
      const answer = (bytes: Uint8Array) => {
        const { range } = part;
        const body = range === undefined ? bytes : bytes.subarray(range.start, range.end + 1);
        exchange.answer(part.status, part.headers, body);
      };
      const known = contents.get(digest);
      if (known !== undefined) return answer(known);
      return contents.load(digest, blob.size, () => tree.readBlob(repository, digest)).then(answer);
    },
  };
}

/** What to answer, before any byte is read. */
interface Part {
  readonly status: 200 | 206 | 304 | 416;
  readonly headers: readonly string[];
  readonly range?: ByteRange;
}

function partOf(exchange: Exchange, repository: RepositoryName, digest: Digest, size: number): Part {
  const named = ['Docker-Content-Digest', digest, 'ETag', entityTagOf(digest), 'Accept-Ranges', 'bytes'];
  const link = describedBy(blobUrlPath(repository, digest));
  const told = ['Repr-Digest', reprDigest(digest), 'Link', link, 'Vary', 'Accept'];
  const common = [...named, ...told, 'Cache-Control', 'public, max-age=31536000, immutable'];
  if (!noneMatches(exchange.header('if-none-match'), digest)) return { status: 304, headers: common };
  const content = [...common, 'Content-Type', 'application/octet-stream'];
  // RFC 9110, section 14.2: only a GET has a range.
  const asked = parseRange(exchange.method === 'GET' ? exchange.header('range') : undefined, size);
  // RFC 9110, section 13.1.5: a range of something else is no use. A date never matches: blobs have none.
  const condition = exchange.header('if-range');
  const applies = condition === undefined || condition === entityTagOf(digest);
  if (asked.kind === 'whole' || !applies) {
    return { status: 200, headers: [...content, 'Content-Length', String(size)] };
  }
  if (asked.kind === 'unsatisfiable') {
    const past = ['Content-Range', `bytes */${size}`, 'Content-Length', '0', 'Cache-Control', 'no-store'];
    return { status: 416, headers: [...named, ...past] };
  }
  const { range } = asked;
  const length = range.end - range.start + 1;
  return {
    status: 206,
    headers: [...content, 'Content-Length', String(length), 'Content-Range', formatContentRange(range, size)],
    range,
  };
}
