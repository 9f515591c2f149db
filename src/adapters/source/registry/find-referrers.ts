import { printPullPath } from '../../../oci/pull-path.ts';
import type { Descriptor } from '../../../oci/descriptor.ts';
import { type Digest, digestHex } from '../../../oci/digest.ts';
import { isSignpostError, SignpostError } from '../../../oci/errors.ts';
import { manifestLimit, parseManifest } from '../../../oci/manifest.ts';
import { mediaTypes } from '../../../oci/media-types.ts';
import type { Answer } from '../../http-client/transport.ts';
import type { SmallAnswer, SmallRequest } from './fetch-small.ts';
import type { RegistryConnection } from './registry-connection.ts';

type Connection = Pick<RegistryConnection, 'fetchSmall' | 'repository'>;

/** Of referrers to one digest. */
const pagesLimit = 64;
const countLimit = 1024;

/**
 * What a registry says refers to a digest, all of it or of one type: by the referrers API, in pages each of which says
 * where the next one is, and at registries that do not have it by the tag that stands in for it (distribution-spec 1.1,
 * "Listing Referrers" and "Referrers Tag Schema").
 * @throws SignpostError LIMIT_EXCEEDED, MANIFEST_INVALID, and what asking throws
 */
export async function findReferrers(
  connection: Connection,
  digest: Digest,
  artifactType?: string,
): Promise<readonly Descriptor[]> {
  const found = (await readPages(connection, digest, artifactType)) ?? (await readTag(connection, digest));
  // A registry need not filter.
  return artifactType === undefined ? found : found.filter((item) => item.artifactType === artifactType);
}

/** Undefined where the registry does not have the API. */
async function readPages(
  { fetchSmall, repository }: Connection,
  digest: Digest,
  artifactType: string | undefined,
): Promise<readonly Descriptor[] | undefined> {
  const what = `referrers of ${digest}`;
  const found: Descriptor[] = [];
  const base = `/${printPullPath(repository, 'referrers', digest)}`;
  const query = artifactType === undefined ? '' : `?artifactType=${encodeURIComponent(artifactType)}`;
  let path: string | undefined = base + query;
  for (let pages = 0; path !== undefined; pages += 1) {
    if (pages === pagesLimit) {
      throw new SignpostError('LIMIT_EXCEEDED', `the ${what} have more than ${pagesLimit} pages`);
    }
    try {
      const request: SmallRequest = { path, accept: mediaTypes.ociIndex, limit: manifestLimit, what };
      const { answer, bytes }: SmallAnswer = await fetchSmall(request);
      path = readNextPage(answer, base);
      found.push(...readIndex(bytes));
    } catch (error) {
      if (isSignpostError(error, 'NOT_FOUND')) return pages === 0 ? undefined : found;
      throw error;
    }
    if (found.length > countLimit) {
      throw new SignpostError('LIMIT_EXCEEDED', `the ${what} are more than ${countLimit}`);
    }
  }
  return found;
}

async function readTag(
  { fetchSmall, repository }: Connection,
  digest: Digest,
): Promise<readonly Descriptor[]> {
  const path = `/${printPullPath(repository, 'manifests', `sha256-${digestHex(digest)}`)}`;
  const what = `referrers of ${digest}`;
  try {
    const { bytes } = await fetchSmall({ path, accept: mediaTypes.ociIndex, limit: manifestLimit, what });
    return readIndex(bytes);
  } catch (error) {
    if (isSignpostError(error, 'NOT_FOUND')) return [];
    throw error;
  }
}

function readIndex(bytes: Uint8Array): readonly Descriptor[] {
  const index = parseManifest(bytes);
  return index.kind === 'list' ? index.manifests : [];
}

/** Where a Link header (RFC 8288) leads that says "next": only ever on in the same list of the same registry. */
function readNextPage({ message, url }: Answer, base: string): string | undefined {
  const link = message.headers.link;
  const text = Array.isArray(link) ? link.join(',') : (link ?? '');
  const target = /<([^<>]{1,2048})>\s*;[^,]{0,256}\brel="?next"?/i.exec(text)?.[1];
  const next = target === undefined ? null : URL.parse(target, url);
  if (next?.origin !== url.origin || next.pathname !== base) return undefined;
  return next.pathname + next.search;
}
