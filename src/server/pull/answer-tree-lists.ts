import { type PublicationMarker, formatPublicationMarker } from '../../tree/publication-marker.ts';
import { type Digest, digestOf } from '../../oci/digest.ts';
import type { TreeLists } from '../../ports/tree-lists.ts';
import { type Exchange, entityTagOf, noneMatches } from './exchange.ts';
import { ociError } from './oci-error.ts';
import type { RoutingSnapshot } from './routing-snapshot.ts';
import { sendError } from './send-error.ts';
import { type StreamSlots, refuseStream } from './stream-slots.ts';

/** Answers what mirrors need beside content: how far the tree is, and what is in it. */
export interface TreeListAnswers {
  /** `/publication.json`. */
  marker(exchange: Exchange, snapshot: RoutingSnapshot): Promise<void>;
  /** `/contents/<digest>`. */
  list(exchange: Exchange, digest: Digest): Promise<void>;
}

/** Longer than this, a list takes one of the streams that the origin may send at once. In bytes. */
const smallList = 32 * 1024;

export function createTreeListAnswers(lists: TreeLists, slots: StreamSlots): TreeListAnswers {
  let answered: PublicationMarker | undefined;

  return {
    async marker(exchange, snapshot) {
      const found = await lists.readMarker();
      const isCovered = (marker: PublicationMarker) => marker.serial <= snapshot.serial;
      // A marker is written as soon as the content is there, and the snapshot follows a little later. Until then the
      // marker before it is answered: whoever is told of a publication must be able to get all of it here.
      if (found !== undefined && isCovered(found)) answered = found;
      if (answered !== undefined && isCovered(answered)) return sendMarker(exchange, answered);
      if (found === undefined)
        return sendError(exchange, ociError(404, 'UNSUPPORTED', 'nothing is published yet'));
      const message = `publication ${found.serial} cannot be answered yet: try again`;
      return sendError(exchange, ociError(503, 'UNAVAILABLE', message), ['Retry-After', '1']);
    },

    async list(exchange, digest) {
      const found = await lists.openList(digest);
      if (found === undefined) {
        return sendError(exchange, ociError(404, 'MANIFEST_UNKNOWN', `there is no contents list ${digest}`));
      }
      const { stream, size } = found;
      const tags = ['ETag', entityTagOf(digest), 'Cache-Control', 'public, max-age=31536000, immutable'];
      const headers = [...tags, 'Content-Type', 'text/plain; charset=utf-8', 'Content-Length', String(size)];
      const isKnown = !noneMatches(exchange.header('if-none-match'), digest);
      if (isKnown || exchange.method === 'HEAD') {
        stream.destroy();
        return isKnown ? exchange.answer(304, tags) : exchange.answer(200, headers);
      }
      using slot = size > smallList ? slots.take(exchange.client.address) : noSlot;
      if (slot === undefined) {
        stream.destroy();
        return refuseStream(exchange);
      }
      return await exchange.stream(200, headers, stream);
    },
  };
}

const noSlot: Disposable = { [Symbol.dispose]: () => undefined };

function sendMarker(exchange: Exchange, marker: PublicationMarker): void {
  const bytes = formatPublicationMarker(marker);
  const tag = digestOf(bytes);
  // A cache that is a little behind does no harm: an older marker claims less.
  const headers = ['ETag', entityTagOf(tag), 'Cache-Control', 'public, max-age=10'];
  if (!noneMatches(exchange.header('if-none-match'), tag)) return exchange.answer(304, headers);
  const body = ['Content-Type', 'application/json', 'Content-Length', String(bytes.length)];
  return exchange.answer(200, [...headers, ...body], bytes);
}
