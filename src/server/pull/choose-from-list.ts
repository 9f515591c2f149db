import type { Descriptor } from '../../oci/descriptor.ts';
import type { ManifestList } from '../../oci/manifest.ts';
import { isImageType } from '../../oci/media-types.ts';
import { type Platform, platformMatches } from '../../oci/platform.ts';

/** What a client that accepts no lists and says no platform gets of several, as from other registries. */
const defaultPlatform: Platform = { os: 'linux', architecture: 'amd64' };

/**
 * The manifest that a client means which accepts no lists, and asks for a list's tag: the only one that there is, be
 * it an image for whatever platform or an artifact for none; of several, the first acceptable one for its platform.
 * @param userAgent docker's says its platform
 * @param isAccepted whether the client takes the manifest that an entry names
 */
export function chooseFromList(
  list: ManifestList,
  userAgent: string | undefined,
  isAccepted: (entry: Descriptor) => boolean,
): Descriptor | undefined {
  const entries = list.manifests.filter((entry) => !isAttestation(entry));
  const [only] = entries;
  if (entries.length === 1) {
    return only !== undefined && isImageType(only.mediaType) && isAccepted(only) ? only : undefined;
  }
  const wanted = statedPlatform(userAgent) ?? defaultPlatform;
  return entries.find(
    (entry) =>
      isImageType(entry.mediaType) &&
      entry.platform !== undefined &&
      platformMatches(wanted, entry.platform) &&
      isAccepted(entry),
  );
}

/** BuildKit puts what it says of an image beside it, as an entry for a platform that nobody has. */
function isAttestation({ platform }: Descriptor): boolean {
  return platform?.os === 'unknown' && platform.architecture === 'unknown';
}

/** moby writes its platform into its User-Agent: `docker/24.0.7 go/go1.20 ... os/linux arch/arm64 UpstreamClient(...)`. */
const platformPattern = /(?:^| )os\/([a-z0-9]{1,32}) arch\/([a-z0-9]{1,32})(?: |$)/;

function statedPlatform(userAgent: string | undefined): Platform | undefined {
  const [, os, architecture] = platformPattern.exec(userAgent ?? '') ?? [];
  return os === undefined || architecture === undefined ? undefined : { os, architecture };
}
