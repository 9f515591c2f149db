import { Readable } from 'node:stream';
import { type ByteRangesFrame, frameByteRanges } from '../../oci/byteranges.ts';
import { type Digest, digestHex } from '../../oci/digest.ts';
import { SignpostError } from '../../oci/errors.ts';
import { type ByteRange, formatContentRange, parseRange } from '../../oci/range.ts';
import type { RepositoryName } from '../../oci/reference.ts';
import type { TreeReader } from '../../ports/tree.ts';
import { blobUrlPath, describedBy, reprDigest } from './blob-headers.ts';
import { type Exchange, entityTagOf, noneMatches } from './exchange.ts';
import type { BlobEntry } from './published-repository.ts';
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
    const open = async (range?: ByteRange) => {
      const opened = await tree.openBlob(repository, digest, range);
      if (opened.size === blob.size) return opened.stream;
      opened.stream.destroy();
      throw new SignpostError('DIGEST_MISMATCH', `the tree's ${digest} is damaged: its size is wrong`);
    };
    const { several } = part;
    const body = several === undefined ? await open(part.range) : await streamParts(several, open);
    await exchange.stream(part.status, part.headers, body);
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
        const { range, several } = part;
        const cut = ({ start, end }: ByteRange) => bytes.subarray(start, end + 1);
        const whole = range === undefined ? bytes : cut(range);
        exchange.answer(part.status, part.headers, several === undefined ? whole : joinParts(several, cut));
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
  /** For one part. */
  readonly range?: ByteRange;
  /** For several in one body. */
  readonly several?: SeveralParts;
}

interface SeveralParts {
  readonly ranges: readonly ByteRange[];
  readonly frame: ByteRangesFrame;
}

/** One part is opened after the other; the first before anything is answered, so that what is lost is an error. */
async function streamParts(
  { ranges, frame }: SeveralParts,
  open: (range: ByteRange) => Promise<Readable>,
): Promise<Readable> {
  const [range, ...others] = ranges;
  const first = range === undefined ? undefined : await open(range);
  async function* pieces(): AsyncGenerator<Buffer> {
    if (first === undefined) return;
    yield Buffer.from(frame.heads[0] ?? '');
    yield* first as AsyncIterable<Buffer>;
    for (const [at, other] of others.entries()) {
      yield Buffer.from(frame.heads[at + 1] ?? '');
      yield* (await open(other)) as AsyncIterable<Buffer>;
    }
    yield Buffer.from(frame.tail);
  }
  const body = Readable.from(pieces());
  // When the client goes before anything was asked of it, nothing else ends it.
  body.once('close', () => first?.destroy());
  return body;
}

function joinParts({ ranges, frame }: SeveralParts, cut: (range: ByteRange) => Uint8Array): Buffer {
  const pieces = ranges.flatMap((range, at) => [Buffer.from(frame.heads[at] ?? ''), cut(range)]);
  return Buffer.concat([...pieces, Buffer.from(frame.tail)]);
}

function partOf(exchange: Exchange, repository: RepositoryName, digest: Digest, size: number): Part {
  const named = ['Docker-Content-Digest', digest, 'ETag', entityTagOf(digest), 'Accept-Ranges', 'bytes'];
  const link = describedBy(blobUrlPath(repository, digest));
  const told = ['Repr-Digest', reprDigest(digest), 'Link', link, 'Vary', 'Accept'];
  const common = [...named, ...told, 'Cache-Control', 'public, max-age=31536000, immutable'];
  if (!noneMatches(exchange.header('if-none-match'), digest)) return { status: 304, headers: common };
  const content = [...common, 'Content-Type', 'application/octet-stream'];
  const partOfIt = (range: ByteRange): Part => ({
    status: 206,
    headers: [
      ...content,
      'Content-Length',
      String(range.end - range.start + 1),
      'Content-Range',
      formatContentRange(range, size),
    ],
    range,
  });
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
  if (asked.kind === 'part') return partOfIt(asked.range);
  const { ranges } = asked;
  // Nobody can write a blob that has a piece of its own digest in it.
  const frame = frameByteRanges(ranges, size, `signpost-${digestHex(digest).slice(0, 32)}`);
  const headers = [...common, 'Content-Type', frame.contentType, 'Content-Length', String(frame.length)];
  return { status: 206, headers, several: { ranges, frame } };
}
