import { printPullPath } from '../../oci/pull-path.ts';
import type { RankedMirror } from '../../mirrors/choose-mirrors.ts';
import { type Digest, digestHex } from '../../oci/digest.ts';
import type { RepositoryName } from '../../oci/reference.ts';

/** Where a blob is, on this server and below the URL of every mirror. */
export function blobUrlPath(repository: RepositoryName, digest: Digest): string {
  return `/${printPullPath(repository, 'blobs', digest)}`;
}

/** RFC 9530, section 3: the hash of the whole blob, whatever part of it is sent. */
export function reprDigest(digest: Digest): string {
  return `sha-256=:${Buffer.from(digestHex(digest), 'hex').toString('base64')}:`;
}

/** RFC 6249, section 4.1: where the Metalink of the blob is. */
export function describedBy(path: string): string {
  return `<${path}.meta4>; rel=describedby; type="application/metalink4+xml"`;
}

/** RFC 6249, section 3: the mirrors behind the first, in the order in which to try them. Empty, or ends in a comma. */
export function duplicateLinks(ranked: readonly RankedMirror[], path: string): string {
  let links = '';
  for (let index = 1; index < ranked.length; index += 1) {
    const other = ranked[index];
    if (other === undefined) break;
    links += `<${other.url}${path}>; rel=duplicate; pri=${index}; geo=${other.mirror.country.toLowerCase()}, `;
  }
  return links;
}
