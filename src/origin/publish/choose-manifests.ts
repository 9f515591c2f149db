import type { Descriptor } from '../../oci/descriptor.ts';
import { SignpostError } from '../../oci/errors.ts';
import type { ListEntry } from '../../oci/manifest.ts';
import { formatPlatform, type Platform, platformMatches } from '../../oci/platform.ts';

// How BuildKit ties an attestation to the manifest that it is about (docs.docker.com, "Attestation storage").
const attestedDigest = 'vnd.docker.reference.digest';

/** Whether an entry of a list is an attestation about another, and no image for anybody. */
export function isAttestation({ annotations }: Descriptor): boolean {
  return annotations?.[attestedDigest] !== undefined;
}

/**
 * The entries of a list that belong to the wanted platforms, in the list's order, with the attestations about them.
 * Entries are chosen and not digests: one manifest may be listed for several platforms.
 * @throws SignpostError NOT_FOUND when a wanted platform is not there
 */
export function chooseManifests(
  entries: readonly ListEntry[],
  wanted: readonly Platform[],
): readonly ListEntry[] {
  const matches =
    (platform: Platform) =>
    ({ descriptor }: ListEntry) =>
      descriptor.platform !== undefined && platformMatches(platform, descriptor.platform);
  const missing = wanted.filter((platform) => !entries.some(matches(platform)));
  if (missing.length > 0) {
    const there = entries.flatMap(({ descriptor: { platform } }) =>
      platform === undefined ? [] : formatPlatform(platform),
    );
    throw new SignpostError(
      'NOT_FOUND',
      `the image has no ${missing.map(formatPlatform).join(', ')}: it has ${[...new Set(there)].join(', ') || 'no platforms'}`,
    );
  }
  const chosen = new Set(wanted.flatMap((platform) => entries.filter(matches(platform))));
  const digests = new Set<string>([...chosen].map(({ descriptor }) => descriptor.digest));
  const attests = ({ descriptor }: ListEntry) => digests.has(descriptor.annotations?.[attestedDigest] ?? '');
  return entries.filter((entry) => chosen.has(entry) || attests(entry));
}
