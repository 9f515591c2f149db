import { type Digest, isDigest } from '../oci/digest.ts';
import { mediaTypes } from '../oci/media-types.ts';

/**
 * How web servers know the type of a manifest, which is not in its name: a manifest that is no OCI image manifest has
 * a second name, with this behind the first (docs/adr/0026-types-of-manifests-on-mirrors.md).
 */
const suffixes: ReadonlyMap<string, string> = new Map([
  [mediaTypes.ociIndex, '.oci-index'],
  [mediaTypes.dockerList, '.docker-list'],
  [mediaTypes.dockerManifest, '.docker-manifest'],
]);

/** The second name of a manifest; undefined where there is none. */
export function typedName(digest: Digest, mediaType: string): string | undefined {
  const suffix = suffixes.get(mediaType);
  return suffix === undefined ? undefined : `${digest}${suffix}`;
}

/** The digest in such a name; undefined for what is none. */
export function parseTypedName(name: string): Digest | undefined {
  const dot = name.indexOf('.');
  const digest = name.slice(0, Math.max(0, dot));
  return isDigest(digest) && suffixNames.has(name.slice(dot)) ? digest : undefined;
}

const suffixNames: ReadonlySet<string> = new Set(suffixes.values());
