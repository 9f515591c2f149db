import { quote } from '../oci/digest.ts';
import type { RepositoryName, TagName } from '../oci/reference.ts';
import type { Exchange } from './exchange.ts';
import { ociError } from './oci-error.ts';
import { queryValue } from './query.ts';
import type { RoutingSnapshot } from './routing-snapshot.ts';
import { sendError, sendJson } from './send-error.ts';

/** The longest page, whatever is asked for. */
const pageLimit = 10_000;

/** distribution-spec 1.1, "Listing Tags". */
export function answerTags(
  exchange: Exchange,
  snapshot: RoutingSnapshot,
  repository: RepositoryName,
  query: string,
): void {
  const names = snapshot.tagNames(repository);
  if (names === undefined) {
    sendError(exchange, ociError(404, 'NAME_UNKNOWN', `no repository ${quote(repository)}`));
    return;
  }
  const asked = queryValue(query, 'n');
  if (asked !== undefined && !/^[0-9]{1,9}$/.test(asked)) {
    sendError(exchange, ociError(400, 'UNSUPPORTED', `n is ${quote(asked)}: expected a number of tags`));
    return;
  }
  const count = Math.min(asked === undefined ? pageLimit : Number(asked), pageLimit);
  const last = queryValue(query, 'last');
  const start = last === undefined ? 0 : firstAfter(names, last);
  const tags = names.slice(start, start + count);
  const end = tags.at(-1);
  const more = end !== undefined && start + count < names.length;
  sendJson(
    exchange,
    { name: repository, tags },
    'application/json',
    more ? ['Link', `</v2/${repository}/tags/list?n=${count}&last=${end}>; rel="next"`] : [],
  );
}

/** The position of the first name after `last`, which need not exist itself. */
function firstAfter(names: readonly TagName[], last: string): number {
  let low = 0;
  let high = names.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((names[middle] ?? '') <= last) low = middle + 1;
    else high = middle;
  }
  return low;
}
