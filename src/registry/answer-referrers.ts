import type { Digest } from '../oci/digest.ts';
import { mediaTypes } from '../oci/media-types.ts';
import type { RepositoryName } from '../oci/reference.ts';
import type { PublishedManifest } from '../ports/publications.ts';
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

  const descriptors: string[] = [];
  let bytes = 0;
  for (const manifest of found) {
    const descriptor = JSON.stringify(describe(manifest));
    bytes += Buffer.byteLength(descriptor) + 1;
    if (bytes > pageBytes && descriptors.length > 0) break;
    descriptors.push(descriptor);
  }
  const body = Buffer.from(
    `{"schemaVersion":2,"mediaType":"${mediaTypes.ociIndex}","manifests":[${descriptors.join(',')}]}`,
  );
  const headers = ['Content-Type', mediaTypes.ociIndex, 'Content-Length', String(body.length)];
  headers.push('Cache-Control', 'no-cache');
  if (wantedType !== undefined) headers.push('OCI-Filters-Applied', 'artifactType');
  const end = found[descriptors.length - 1];
  if (end !== undefined && descriptors.length < found.length) {
    const filter = wantedType === undefined ? '' : `artifactType=${encodeURIComponent(wantedType)}&`;
    headers.push('Link', `</v2/${repository}/referrers/${subject}?${filter}last=${end.digest}>; rel="next"`);
  }
  exchange.answer(200, headers, body);
}

function describe(manifest: PublishedManifest) {
  const { mediaType, digest, size, artifactType, annotations } = manifest;
  return {
    mediaType,
    digest,
    size,
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(annotations === undefined ? {} : { annotations }),
  };
}
