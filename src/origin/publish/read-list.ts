import type { Descriptor } from '../../oci/descriptor.ts';
import { digestOf } from '../../oci/digest.ts';
import { SignpostError } from '../../oci/errors.ts';
import type { ListEntry } from '../../oci/manifest.ts';
import { formatPlatform, type Platform } from '../../oci/platform.ts';
import type { ImageSource, SourceManifest } from '../../ports/image-source.ts';
import { chooseManifests, isAttestation } from './choose-manifests.ts';
import { type FlatList, flattenList, type LeftOut } from './flatten-list.ts';
import { makeList } from '../../oci/write-list.ts';
import type { FoundImage, MadeBecause } from './image-content.ts';
import {
  createPartReader,
  type ImagePart,
  nameOf,
  type PartReader,
  platformOf,
  type Reading,
} from './read-part.ts';

/** A manifest of a list, and how the list names it. */
interface ListPart extends ImagePart {
  readonly entry: ListEntry;
}

/** An entry of which something is not there. */
interface MissingPart {
  readonly descriptor: Descriptor;
  readonly detail: string;
}

/**
 * Reads the manifests of a list. What the source does not hold is an error, but for attestations, which "docker save"
 * and others leave behind.
 * @throws SignpostError MANIFEST_INVALID, DIGEST_MISMATCH, LIMIT_EXCEEDED, NOT_FOUND, and what the source throws
 */
export async function readList(
  reading: Reading,
  root: SourceManifest,
  platforms: readonly Platform[],
): Promise<FoundImage> {
  const { source, limits } = reading;
  const flat = await flattenList(source, root, limits.manifests);
  if (flat.entries.length === 0) throw namesNothing(source, flat);
  const read = createPartReader(reading);
  const wanted =
    platforms.length === 0
      ? flat.entries
      : chooseManifests(await withPlatforms(flat.entries, read), platforms);
  const { parts, missing } = await readParts(wanted, read);
  const lacking = missing.filter(({ descriptor }) => !isAttestation(descriptor));
  if (lacking.length > 0 || parts.length === 0)
    throw notWhole(source, lacking.length > 0 ? lacking : missing, parts);
  const leftOut = [
    ...flat.leftOut,
    ...missing.map(({ descriptor: { digest }, detail }) => ({ digest, reason: `an attestation: ${detail}` })),
  ];
  const madeBecause = reasonFor(flat, parts, wanted, leftOut);
  const bytes = madeBecause === undefined ? flat.bytes : makeList(flat.bytes, parts.map(written));
  return {
    list: { digest: digestOf(bytes), bytes },
    ...(madeBecause === undefined ? {} : { madeBecause }),
    parts,
    isNested: flat.isMade,
    leftOut,
  };
}

function reasonFor(
  flat: FlatList,
  parts: readonly ListPart[],
  wanted: readonly ListEntry[],
  leftOut: readonly LeftOut[],
): MadeBecause | undefined {
  if (wanted.length < flat.entries.length) return 'chosen-platforms';
  if (leftOut.length > 0 || parts.length < wanted.length) return 'left-out';
  return flat.isMade ? 'nested-lists' : undefined;
}

/** An entry for a list that is made: its platform is known by now. */
function written(part: ListPart): Pick<ListEntry, 'descriptor' | 'written'> {
  const platform = platformOf(part);
  const { descriptor } = part.entry;
  return {
    written: part.entry.written,
    descriptor: { ...descriptor, ...(platform === undefined ? {} : { platform }) },
  };
}

/** The entries with their platforms; where the list does not say one, the image's config does. */
async function withPlatforms(entries: readonly ListEntry[], read: PartReader): Promise<readonly ListEntry[]> {
  const described: ListEntry[] = [];
  for (const entry of entries) {
    const { descriptor } = entry;
    if (descriptor.platform !== undefined || isAttestation(descriptor)) {
      described.push(entry);
      continue;
    }
    const found = await read(descriptor);
    const platform = found.part?.config?.platform;
    described.push(platform === undefined ? entry : { ...entry, descriptor: { ...descriptor, platform } });
  }
  return described;
}

async function readParts(
  entries: readonly ListEntry[],
  read: PartReader,
): Promise<{ readonly parts: readonly ListPart[]; readonly missing: readonly MissingPart[] }> {
  const parts: ListPart[] = [];
  const missing: MissingPart[] = [];
  for (const entry of entries) {
    const { part, lacks } = await read(entry.descriptor);
    if (part !== undefined && lacks === undefined) {
      parts.push({ ...part, descriptor: entry.descriptor, entry });
    } else {
      missing.push({ descriptor: entry.descriptor, detail: lacks ?? 'it is not there' });
    }
  }
  return { parts, missing };
}

function notWhole(
  source: ImageSource,
  missing: readonly MissingPart[],
  parts: readonly ImagePart[],
): SignpostError {
  const what = missing.map(
    ({ descriptor: { platform, digest }, detail }) =>
      `${platform === undefined ? digest : formatPlatform(platform)} (${detail})`,
  );
  const held = parts.filter((part) => !isAttestation(part.descriptor)).map(nameOf);
  const names = [...new Set(held)].map((name) => ` --platform ${name}`).join('');
  return new SignpostError(
    'NOT_FOUND',
    `${source.name} does not hold all that its list names: ${what.join('; ')}. ` +
      (names === ''
        ? 'Get a whole copy of the image'
        : `Publish what it holds with${names}, or get a whole copy`) +
      ' ("docker save" writes only the platforms that were pulled)',
  );
}

function namesNothing(source: ImageSource, { leftOut }: FlatList): SignpostError {
  const others = leftOut.map(({ digest, reason }) => `; ${digest} is passed over: ${reason}`).join('');
  return new SignpostError('MANIFEST_INVALID', `${source.name}: the list names no manifests${others}`);
}
