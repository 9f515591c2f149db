import { printPullPath } from '../../oci/pull-path.ts';
import { quote } from '../../oci/digest.ts';
import type { RepositoryName, TagName } from '../../oci/reference.ts';
import type { Exchange } from './exchange.ts';
import { ociError } from './oci-error.ts';
import { queryValue } from './query.ts';
import type { RoutingSnapshot } from './routing-snapshot.ts';
import { sendError, sendJson } from './send-error.ts';

/** The longest page, whatever is asked for. */
const pageLimit = 10_000;

/**
 * distribution-spec 1.1, "Listing Tags". Tags that carry signatures (`sha256-<hex>.sig`) are listed for who asks for
 * `?all`, or for everybody when `listsAll` says so: tools that copy a repository by its tags take signatures along so.
 */
export function answerTags(
  exchange: Exchange,
  snapshot: RoutingSnapshot,
  repository: RepositoryName,
  query: string,
  listsAll: boolean,
): void {
  const all = queryValue(query, 'all');
  const isAll = all === undefined ? listsAll : all !== 'false' && all !== '0';
  const names = isAll ? snapshot.allTagNames(repository) : snapshot.tagNames(repository);
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
  const kept = all === undefined ? '' : `all=${isAll}&`;
  const more = end !== undefined && start + count < names.length;
  sendJson(
    exchange,
    { name: repository, tags },
    'application/json',
    more
      ? ['Link', `</${printPullPath(repository, 'tags', 'list')}?${kept}n=${count}&last=${end}>; rel="next"`]
      : [],
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
