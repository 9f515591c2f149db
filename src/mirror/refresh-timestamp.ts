import { parseJson } from '../oci/parse-json.ts';
import { timestampPath } from '../tree/contents-list.ts';
import type { ContentSource } from '../ports/content-source.ts';
import type { MirrorFolder, MirrorWriter } from '../ports/mirror-folder.ts';
import { fetchSmall } from './fetch-marker.ts';

const timestampLimit = 64 * 1024;

/**
 * Fetches the TUF timestamp, which is signed anew between publications. One that names a snapshot that is not here, as
 * when the origin has published meanwhile, is left for the next run: clients would look for that snapshot here.
 */
export async function refreshTimestamp(
  deps: {
    readonly origin: ContentSource;
    readonly folder: Pick<MirrorFolder, 'read' | 'names'>;
    readonly writer: Pick<MirrorWriter, 'place'>;
  },
  stop: AbortSignal,
): Promise<void> {
  const files = await deps.folder.names('tuf');
  const bytes = await fetchSmall(deps.origin, timestampPath, timestampLimit, stop);
  const version = snapshotOf(bytes);
  if (version === undefined || !files.has(`${version}.snapshot.json`)) return;
  const present = await deps.folder.read(timestampPath, timestampLimit);
  if (present === undefined || !Buffer.from(present).equals(bytes))
    await deps.writer.place(timestampPath, bytes);
}

/** The version of the snapshot that a timestamp names (TUF 1.0, section 4.6); undefined when it is no timestamp. */
function snapshotOf(bytes: Uint8Array): number | undefined {
  try {
    const { signed } = parseJson(bytes, 'the timestamp', 'SOURCE_INVALID') as {
      signed?: { meta?: Record<string, { version?: unknown }> };
    };
    const version = signed?.meta?.['snapshot.json']?.version;
    return Number.isSafeInteger(version) ? (version as number) : undefined;
  } catch {
    return undefined;
  }
}
