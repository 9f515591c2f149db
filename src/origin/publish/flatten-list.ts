import { digestOf } from '../../oci/digest.ts';
import { SignpostError } from '../../oci/errors.ts';
import { type ListEntry, parseListEntries } from '../../oci/manifest.ts';
import { isListType } from '../../oci/media-types.ts';
import type { ImageSource, SourceManifest } from '../../ports/image-source.ts';
import { checkCount } from './publish-limits.ts';
import { explain, readNamed } from './read-part.ts';

/** An entry of the source's list that is not published. */
export interface LeftOut {
  readonly digest: string;
  readonly reason: string;
}

/** A list without lists in it. */
export interface FlatList {
  /** The list itself, or the one around those that were taken apart. */
  readonly bytes: Uint8Array;
  readonly entries: readonly ListEntry[];
  /** Whether the entries are not those that `bytes` has. */
  readonly isMade: boolean;
  readonly leftOut: readonly LeftOut[];
}

const nestingLimit = 4;

/**
 * Takes lists inside a list apart, since clients do not follow them. One that holds nothing but another list is that
 * list. Entries that cannot be read are left out.
 * @throws SignpostError MANIFEST_INVALID, DIGEST_MISMATCH, LIMIT_EXCEEDED, and what the source throws
 */
export async function flattenList(
  source: ImageSource,
  { bytes, mediaType }: SourceManifest,
  limit: number,
  depth = 1,
): Promise<FlatList> {
  const digest = digestOf(bytes);
  const { entries, passed } = explain(source, { digest }, () => parseListEntries(bytes, mediaType));
  const leftOut = passed.map((entry) => ({
    digest: entry.digest,
    reason: `its digest or its media type, ${entry.mediaType}, is none that can be published`,
  }));
  checkCount('manifests in the list', entries.length + leftOut.length, limit);
  if (!entries.some(({ descriptor }) => isListType(descriptor.mediaType))) {
    return { bytes, entries, isMade: false, leftOut };
  }
  if (depth >= nestingLimit) {
    throw new SignpostError(
      'MANIFEST_INVALID',
      `${source.name}: lists are nested deeper than ${nestingLimit} levels`,
    );
  }
  const readInner = async ({ descriptor }: ListEntry): Promise<FlatList> => {
    const inner = { bytes: await readNamed(source, descriptor), mediaType: descriptor.mediaType };
    return flattenList(source, inner, limit, depth + 1);
  };
  const [first, second] = entries;
  if (first !== undefined && second === undefined && passed.length === 0) return readInner(first);
  const all: ListEntry[] = [];
  for (const entry of entries) {
    const inner = isListType(entry.descriptor.mediaType) ? await readInner(entry) : undefined;
    all.push(...(inner?.entries ?? [entry]));
    leftOut.push(...(inner?.leftOut ?? []));
    checkCount('manifests in the list and those inside it', all.length + leftOut.length, limit);
  }
  return { bytes, entries: all, isMade: true, leftOut };
}
