import type { Descriptor } from '../../../oci/descriptor.ts';
import { type Digest, quote } from '../../../oci/digest.ts';
import { SignpostError } from '../../../oci/errors.ts';
import type { ListEntries, ListEntry } from '../../../oci/manifest.ts';
import { isListType } from '../../../oci/media-types.ts';
import { formatPlatform, type Platform, platformMatches } from '../../../oci/platform.ts';
import { sameImageName } from './image-name.ts';

/** What is copied from a layout: some entries of index.json as a list, one of them, or a manifest below them. */
export type LayoutRoot =
  | { readonly kind: 'entries'; readonly entries: readonly ListEntry[] }
  | { readonly kind: 'entry'; readonly descriptor: Descriptor }
  | { readonly kind: 'digest'; readonly digest: Digest };

/** Which of a layout's images; at most one of the first three. */
export interface LayoutSelector {
  readonly ref?: string;
  readonly digest?: Digest;
  readonly position?: number;
  /** Empty means all. */
  readonly platforms?: readonly Platform[];
}

/** The platform of an entry that does not say one; undefined where its config says none either. */
export type ReadPlatform = (descriptor: Descriptor) => Promise<Platform | undefined>;

const shownEntries = 20;

/**
 * Chooses what is copied from a layout (image-spec 1.1, image-layout.md, "index.json"): what the selector names, and
 * without a name the only image. Several entries are one image only if they cannot be anything else: every entry has a
 * platform, each another, and no two carry different names.
 * @throws SignpostError NOT_FOUND, SOURCE_INVALID
 */
export async function chooseLayoutRoot(
  index: ListEntries,
  selector: LayoutSelector,
  readPlatform: ReadPlatform,
  path: string,
): Promise<LayoutRoot> {
  const named = index.entries.filter((entry) => isSelected(entry, selector));
  if (named.length === 0) {
    // A list inside the layout names it, perhaps: it is looked for by its digest.
    if (selector.digest !== undefined) return { kind: 'digest', digest: selector.digest };
    throw notThere(index, selector, path);
  }
  const only = onlyOne(named);
  if (only !== undefined) return only;
  const described = await describeEntries(named, readPlatform);
  const wanted = described.filter((entry) => isWanted(entry, selector.platforms ?? []));
  if (wanted.length === 0) throw notForPlatform(described, selector, path);
  const chosen = onlyOne(wanted);
  if (chosen !== undefined) return chosen;
  if (isOneImage(wanted)) return { kind: 'entries', entries: wanted };
  throw new SignpostError(
    'SOURCE_INVALID',
    `${path}: index.json has ${wanted.length} entries that are different images: name one of them by its name, by its ` +
      `digest as in "oci:<path>@<digest>", or by its position as in "oci:<path>:@0"${listEntries(wanted)}`,
  );
}

/** Whether an entry of index.json carries the name `ref`, by the annotation of OCI or the one of containerd. */
export function isNamed({ annotations }: Descriptor, ref: string): boolean {
  const containerdName = annotations?.['io.containerd.image.name'];
  return (
    annotations?.['org.opencontainers.image.ref.name'] === ref ||
    (containerdName !== undefined && sameImageName(containerdName, ref))
  );
}

function isSelected(
  { descriptor, position }: ListEntry,
  { ref, digest, position: wanted }: LayoutSelector,
): boolean {
  return (
    (ref === undefined || isNamed(descriptor, ref)) &&
    (digest === undefined || descriptor.digest === digest) &&
    (wanted === undefined || position === wanted)
  );
}

function onlyOne(entries: readonly ListEntry[]): LayoutRoot | undefined {
  const [first] = entries;
  if (
    first === undefined ||
    entries.some(({ descriptor }) => descriptor.digest !== first.descriptor.digest)
  ) {
    return undefined;
  }
  return { kind: 'entry', descriptor: first.descriptor };
}

async function describeEntries(
  entries: readonly ListEntry[],
  readPlatform: ReadPlatform,
): Promise<readonly ListEntry[]> {
  const described: ListEntry[] = [];
  for (const entry of entries) {
    const { descriptor } = entry;
    const needsLook = descriptor.platform === undefined && !isListType(descriptor.mediaType);
    const platform = needsLook ? await readPlatform(descriptor) : undefined;
    described.push(platform === undefined ? entry : { ...entry, descriptor: { ...descriptor, platform } });
  }
  return described;
}

// What is in a list is not looked at: the platforms are chosen in it later.
function isWanted({ descriptor }: ListEntry, platforms: readonly Platform[]): boolean {
  const { platform, mediaType } = descriptor;
  if (platforms.length === 0 || (platform === undefined && isListType(mediaType))) return true;
  return platform !== undefined && platforms.some((wanted) => platformMatches(wanted, platform));
}

function isOneImage(entries: readonly ListEntry[]): boolean {
  const names = new Set(entries.map(({ descriptor }) => refOf(descriptor)));
  const platforms = entries.map(({ descriptor }) => JSON.stringify(descriptor.platform));
  return (
    names.size <= 1 &&
    new Set(platforms).size === platforms.length &&
    entries.every(({ descriptor }) => descriptor.platform !== undefined && !isListType(descriptor.mediaType))
  );
}

function notThere(index: ListEntries, { ref, position }: LayoutSelector, path: string): SignpostError {
  const { entries, passed } = index;
  const wanted =
    ref === undefined ? (position === undefined ? '' : ` at position ${position}`) : ` ${quote(ref)}`;
  const others = passed
    .slice(0, shownEntries)
    .map((entry) => `; @${entry.position} is passed over: ${entry.digest} of type ${entry.mediaType}`);
  return new SignpostError(
    'NOT_FOUND',
    `${path}: index.json names no image${wanted}${listEntries(entries)}${others.join('')}`,
  );
}

function notForPlatform(
  entries: readonly ListEntry[],
  { platforms = [] }: LayoutSelector,
  path: string,
): SignpostError {
  return new SignpostError(
    'NOT_FOUND',
    `${path}: no entry of index.json is for ${platforms.map(formatPlatform).join(', ')}${listEntries(entries)}`,
  );
}

function listEntries(entries: readonly ListEntry[]): string {
  if (entries.length === 0) return '';
  const shown = entries.slice(0, shownEntries).map(({ descriptor, position }) => {
    const { digest, platform } = descriptor;
    const name = refOf(descriptor);
    return [
      `@${position}`,
      ...(name === undefined ? [digest] : [quote(name)]),
      ...(platform === undefined ? [] : [formatPlatform(platform)]),
    ].join(' ');
  });
  const more = entries.length > shownEntries ? `, and ${entries.length - shownEntries} more` : '';
  return ` (it has ${shown.join(', ')}${more})`;
}

function refOf({ annotations }: Descriptor): string | undefined {
  return annotations?.['org.opencontainers.image.ref.name'] ?? annotations?.['io.containerd.image.name'];
}
