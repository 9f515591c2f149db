import { printPullPath } from '../../oci/pull-path.ts';
import type { Digest } from '../../oci/digest.ts';
import { mediaTypes } from '../../oci/media-types.ts';
import type { RepositoryName } from '../../oci/reference.ts';
import { formatReferrersIndex } from '../../oci/referrers-index.ts';
import type { Exchange } from './exchange.ts';
import { queryValue } from './query.ts';
import type { RoutingSnapshot } from './routing-snapshot.ts';

/** Clients refuse an index over 4 MiB, and a page that long is no use to anybody. */
const pageBytes = 1024 * 1024;

/**
 * distribution-spec 1.1, "Listing Referrers": an image index of what names the digest as its subject. It is never
 * 404: a client would take that for a registry without the API.
 */
export function answerReferrers(
  exchange: Exchange,
  snapshot: RoutingSnapshot,
  repository: RepositoryName,
  subject: Digest,
  query: string,
): void {
  const wantedType = queryValue(query, 'artifactType');
  const last = queryValue(query, 'last') ?? '';
  const found = snapshot
    .referrers(repository, subject)
    .filter((one) => (wantedType === undefined || one.artifactType === wantedType) && one.digest > last);
  const { bytes, count } = formatReferrersIndex(found, pageBytes);
  const headers = ['Content-Type', mediaTypes.ociIndex, 'Content-Length', String(bytes.length)];
  headers.push('Cache-Control', 'no-cache');
  if (wantedType !== undefined) headers.push('OCI-Filters-Applied', 'artifactType');
  const end = found[count - 1];
  if (end !== undefined && count < found.length) {
    const filter = wantedType === undefined ? '' : `artifactType=${encodeURIComponent(wantedType)}&`;
    headers.push(
      'Link',
      `</${printPullPath(repository, 'referrers', subject)}?${filter}last=${end.digest}>; rel="next"`,
    );
  }
  exchange.answer(200, headers, bytes);
}
