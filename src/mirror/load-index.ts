import { type ContentsIndex, indexLimit, parseContentsIndex } from '../tree/contents-index.ts';
import type { PublicationMarker } from '../tree/publication-marker.ts';
import { digestMatches } from '../oci/digest.ts';
import { SignpostError } from '../oci/errors.ts';
import type { DiskSpace } from '../ports/disk-space.ts';
import type { MirrorFolder } from '../ports/mirror-folder.ts';
import type { WantedFile } from '../ports/incoming-file.ts';
import type { Fetched } from '../download/fetch-file.ts';
import { fetchWhole } from './fetch-whole.ts';
import { checkSpace } from './needed-space.ts';
import { finishedList } from './state-folder.ts';

/**
 * The index that the origin's marker names, which is fetched where it is not here.
 * @throws SignpostError SOURCE_INVALID, UNAVAILABLE, STORAGE
 */
export async function loadIndex(
  deps: {
    readonly folder: Pick<MirrorFolder, 'holds' | 'read' | 'remove'>;
    readonly disk: DiskSpace;
    readonly fetch: (file: WantedFile) => Promise<Fetched>;
  },
  { contents, serial }: PublicationMarker,
): Promise<ContentsIndex> {
  const { folder, disk } = deps;
  if (contents.size > indexLimit) {
    throw new SignpostError(
      'SOURCE_INVALID',
      `the index of the tree's contents has ${contents.size} bytes: the most is ${indexLimit}`,
    );
  }
  const file = { path: finishedList(contents.digest), ...contents, isReadNext: true as const };
  if (!(await folder.holds(file, true))) {
    checkSpace({ needed: disk.neededFor(file), free: await disk.free() }, 'nothing has been fetched');
    await fetchWhole(deps, file);
  }
  const bytes = await folder.read(file.path, contents.size);
  if (bytes === undefined || !digestMatches(contents.digest, bytes)) {
    throw new SignpostError('STORAGE', `${file.path} has just been written and is not what it was`);
  }
  const index = parseContentsIndex(bytes);
  if (index.serial === serial) return index;
  throw new SignpostError(
    'SOURCE_INVALID',
    `the index of serial ${index.serial} is named as that of ${serial}`,
  );
}
