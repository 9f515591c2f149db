import type { Descriptor } from '../oci/descriptor.ts';
import { SignpostError } from '../oci/errors.ts';
import { formatPlatform, type Platform, platformMatches } from '../oci/platform.ts';

// How BuildKit ties an attestation to the manifest that it is about (docs.docker.com, "Attestation storage").
const attestedDigest = 'vnd.docker.reference.digest';

/**
 * The manifests of a list that belong to the wanted platforms, in the list's order, with the attestations about them.
 * @throws SignpostError NOT_FOUND when a wanted platform is not there
 */
export function chooseManifests(
  manifests: readonly Descriptor[],
  wanted: readonly Platform[],
): readonly Descriptor[] {
  const matches = (platform: Platform) => (manifest: Descriptor) =>
    manifest.platform !== undefined && platformMatches(platform, manifest.platform);
  const missing = wanted.filter((platform) => !manifests.some(matches(platform)));
  if (missing.length > 0) {
    const there = manifests.flatMap(({ platform }) =>
      platform === undefined ? [] : formatPlatform(platform),
    );
    throw new SignpostError(
      'NOT_FOUND',
      `the image has no ${missing.map(formatPlatform).join(', ')}: it has ${[...new Set(there)].join(', ') || 'no platforms'}`,
    );
  }
  const chosen = new Set(wanted.flatMap((platform) => manifests.filter(matches(platform))));
  const digests = new Set<string>([...chosen].map(({ digest }) => digest));
  const attests = ({ annotations }: Descriptor) => digests.has(annotations?.[attestedDigest] ?? '');
  return manifests.filter((manifest) => chosen.has(manifest) || attests(manifest));
}
