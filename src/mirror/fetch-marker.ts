import { type PublicationMarker, markerLimit, parsePublicationMarker } from '../tree/publication-marker.ts';
import { SignpostError } from '../oci/errors.ts';
import type { ContentSource } from '../ports/content-source.ts';

export const markerPath = 'publication.json';

/** The origin's marker. Nobody else is asked for it: it is the one thing that no digest proves. */
export interface FetchedMarker extends PublicationMarker {
  readonly bytes: Uint8Array;
}

/** @throws SignpostError UNAVAILABLE, SOURCE_INVALID */
export async function fetchMarker(origin: ContentSource, stop: AbortSignal): Promise<FetchedMarker> {
  const bytes = await fetchSmall(origin, markerPath, markerLimit, stop);
  const marker = parsePublicationMarker(bytes);
  if ('wrong' in marker) {
    throw new SignpostError(
      'SOURCE_INVALID',
      `${origin.name}/${markerPath} is not the marker of a tree: ${marker.wrong}`,
    );
  }
  return { ...marker, bytes };
}

/**
 * All of a small file that only the origin can vouch for.
 * @throws SignpostError UNAVAILABLE, SOURCE_INVALID
 */
export async function fetchSmall(
  origin: ContentSource,
  path: string,
  limit: number,
  stop: AbortSignal,
): Promise<Uint8Array> {
  const answer = await origin.open(path, 0, stop);
  if (answer.kind !== 'found')
    throw new SignpostError('UNAVAILABLE', `${origin.name}/${path}: ${answer.detail}`);
  const pieces: Uint8Array[] = [];
  const end = await answer.read(limit, (piece) => void pieces.push(piece));
  if (end === 'longer') {
    throw new SignpostError('SOURCE_INVALID', `${origin.name}/${path} is larger than ${limit} bytes`);
  }
  return Buffer.concat(pieces);
}
