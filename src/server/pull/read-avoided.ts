import type { MirrorId } from '../../mirrors/mirror.ts';
import type { MirrorTable } from '../../mirrors/mirror-table.ts';

/** The header by which a client says which mirrors it does not want: their names, or the host names it was sent to. */
export const avoidHeader = 'signpost-avoid';

const longest = 1024;
const most = 8;

export type Avoided =
  /** Undefined when the client says nothing of it. */
  | { readonly ok: true; readonly mirrors: readonly MirrorId[] | undefined }
  | { readonly ok: false; readonly reason: string };

/** Reads the header. What is no mirror's name or host is passed over: it may have been one a moment ago. */
export function readAvoided(header: string | undefined, table: MirrorTable): Avoided {
  if (header === undefined) return { ok: true, mirrors: undefined };
  if (header.length > longest) {
    return { ok: false, reason: `Signpost-Avoid is longer than ${longest} characters` };
  }
  const names = header.split(',').map((name) => name.trim().toLowerCase());
  if (names.length > most) return { ok: false, reason: `Signpost-Avoid names more than ${most} mirrors` };
  return { ok: true, mirrors: names.flatMap((name) => table.byName.get(name) ?? []) };
}
