/** What a database record says that routing uses. */
export interface PlaceRecord {
  readonly country?: string;
  readonly continent?: string;
  readonly asn?: number;
  readonly latitude?: number;
  readonly longitude?: number;
}

/**
 * Reads a record of either layout: MaxMind's (`country.iso_code`, `location.latitude`) or the flat one of
 * ip-location-db (`country_code`, `latitude`). What is missing or makes no sense is left out.
 */
export function readPlaceRecord(record: unknown): PlaceRecord {
  const country = pick(record, ['country', 'iso_code']) ?? pick(record, ['country_code']);
  const continent = pick(record, ['continent', 'code']) ?? pick(record, ['continent_code']);
  const asn = pick(record, ['autonomous_system_number']);
  const latitude = degrees(pick(record, ['location', 'latitude']) ?? pick(record, ['latitude']), 90);
  const longitude = degrees(pick(record, ['location', 'longitude']) ?? pick(record, ['longitude']), 180);
  return {
    ...(isCode(country) ? { country: country.toUpperCase() } : {}),
    ...(isCode(continent) ? { continent: continent.toUpperCase() } : {}),
    ...(isAsn(asn) ? { asn } : {}),
    ...(latitude === undefined || longitude === undefined ? {} : { latitude, longitude }),
  };
}

function pick(record: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (value, key) =>
      typeof value === 'object' && value !== null && Object.hasOwn(value, key)
        ? Reflect.get(value, key)
        : undefined,
    record,
  );
}

function isCode(value: unknown): value is string {
  return typeof value === 'string' && /^[A-Za-z]{2}$/.test(value);
}

function isAsn(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) > 0 && Number(value) <= 4_294_967_295;
}

function degrees(value: unknown, limit: number): number | undefined {
  // Some databases have numbers as text.
  const number = typeof value === 'string' && value !== '' ? Number(value) : value;
  return typeof number === 'number' && Math.abs(number) <= limit ? number : undefined;
}
