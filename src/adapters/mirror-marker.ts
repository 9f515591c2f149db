import { stat } from 'node:fs/promises';
import { digestOf, quote } from '../oci/digest.ts';
import { isRepositoryName } from '../oci/reference.ts';
import { markerPath } from './tree-paths.ts';

const spare = 64 * 1024;

/**
 * The most that a mirror's `publication.json` may have, in bytes, when the origin's own has `ownSize`. Reading one
 * holds up the whole process, so strangers must not choose how long it is; a mirror's may be of another time.
 */
export function markerLimit(ownSize: number): number {
  return 2 * ownSize + spare;
}

/** The size of the `publication.json` of the origin's own tree, in bytes; 0 when there is none. It never rejects. */
export async function ownMarkerSize(tree: string): Promise<number> {
  try {
    return (await stat(markerPath(tree))).size;
  } catch {
    return 0;
  }
}

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
