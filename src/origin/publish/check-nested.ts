import { SignpostError } from '../../oci/errors.ts';
import { isAttestation } from './choose-manifests.ts';
import type { ImageContent } from './image-content.ts';
import { nameOf, platformOf } from './read-part.ts';

/**
 * Refuses an image that was made of lists inside a list, when two of its manifests are for the same platform, or for none:
 * they are two images, and a list of both would be neither.
 * @throws SignpostError MANIFEST_INVALID
 */
export function checkNested({ parts, isNested }: ImageContent): void {
  if (!isNested) return;
  const seen = new Set<string>();
  for (const part of parts.filter(({ descriptor }) => !isAttestation(descriptor))) {
    const key = JSON.stringify(platformOf(part) ?? null);
    if (seen.has(key)) {
      throw new SignpostError(
        'MANIFEST_INVALID',
        `the list names another list, and two of the images are for the same platform, or for none (${nameOf(part)}): ` +
          'publish each list by itself, by its digest',
      );
    }
    seen.add(key);
  }
}
