import { digestOf, quote } from '../oci/digest.ts';
import { isRepositoryName } from '../oci/reference.ts';

/** The most that a `publication.json` may have, in bytes. */
export const markerLimit = 16 * 1024 * 1024;

/** The serial, or what is wrong. */
export type MarkerSerial = { readonly serial: number } | { readonly wrong: string };

const rememberedLimit = 32;

/**
 * Reads `publication.json`. Mirrors hold the same bytes mostly, and there may be many repositories in them, so what
 * was read is remembered by digest.
 */
export function createMarkerParser(): (bytes: Uint8Array) => MarkerSerial {
  const remembered = new Map<string, MarkerSerial>();
  return (bytes) => {
    const digest = digestOf(bytes);
    const known = remembered.get(digest);
    if (known !== undefined) return known;
    const result = parseMarker(bytes);
    remembered.set(digest, result);
    for (const oldest of remembered.keys()) {
      if (remembered.size <= rememberedLimit) break;
      remembered.delete(oldest);
    }
    return result;
  };
}

function parseMarker(bytes: Uint8Array): MarkerSerial {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return { wrong: 'it is not JSON' };
  }
  if (!isObject(value)) return { wrong: `it is ${quote(value)}: expected an object` };
  const { serial, repositories } = value;
  if (!isSerial(serial)) return { wrong: `its serial is ${quote(serial)}: expected a whole number` };
  if (!isObject(repositories)) return { wrong: 'its repositories are not an object' };
  for (const [name, last] of Object.entries(repositories)) {
    if (!isRepositoryName(name)) return { wrong: `${quote(name)} is not a repository name` };
    if (!isSerial(last) || last > serial) return { wrong: `the serial of ${name} is ${quote(last)}` };
  }
  return { serial };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isSerial(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
