/** Degrees, north and east positive. */
export interface Coordinates {
  readonly latitude: number;
  readonly longitude: number;
}

/** The mean radius of the Earth in km (IUGG). */
const earthRadius = 6371.0088;

/** The great-circle distance in km, by the haversine formula. */
export function distanceBetween(one: Coordinates, other: Coordinates): number {
  const latitude = radians(one.latitude);
  const otherLatitude = radians(other.latitude);
  const byLatitude = Math.sin((otherLatitude - latitude) / 2);
  const byLongitude = Math.sin(radians(other.longitude - one.longitude) / 2);
  const haversine =
    byLatitude * byLatitude + Math.cos(latitude) * Math.cos(otherLatitude) * byLongitude * byLongitude;
  return 2 * earthRadius * Math.asin(Math.min(1, Math.sqrt(haversine)));
}

/** Upper edges of the distance bands in km; the last band has none (docs/adr/0003-distance-bands.md). */
const bandEdges = [250, 500, 1000, 2000, 4000, 8000] as const;

/** The number of bands: one for each edge, and one for everything farther or of unknown distance. */
export const bandCount = bandEdges.length + 1;

/** The band of a distance in km, from 0. */
export function bandOf(distance: number | undefined): number {
  if (distance === undefined) return bandEdges.length;
  const band = bandEdges.findIndex((edge) => distance < edge);
  return band < 0 ? bandEdges.length : band;
}

function radians(degrees: number): number {
  return (degrees * Math.PI) / 180;
}
