import type { CompiledMirror, CompiledUrl } from './compiled-mirror.ts';
import type { MirrorState } from './mirror-state.ts';

/** How a client connects, as far as a URL must be fit for it. */
export interface Connection {
  readonly family: 4 | 6;
  /** Whether it came over https: only https URLs are then fit. */
  readonly secure: boolean;
}

/** The first of the mirror's URLs that such a client can use; undefined when there is none. */
export function usableUrl(
  { urls }: CompiledMirror,
  state: MirrorState | undefined,
  { family, secure }: Connection,
): string | undefined {
  for (let index = 0; index < urls.length; index += 1) {
    const url = urls[index];
    if (url === undefined || (secure && !url.secure)) continue;
    if (reaches(url, index, state, family)) return url.url;
  }
  return undefined;
}

/** Whether one of the URLs that are fit for that scheme answers, over whichever address family. */
export function speaksScheme({ urls }: CompiledMirror, state: MirrorState, secure: boolean): boolean {
  return urls.some((url, index) => (url.secure || !secure) && answers(url, index, state));
}

function reaches(url: CompiledUrl, index: number, state: MirrorState | undefined, family: 4 | 6): boolean {
  if (url.family !== undefined && url.family !== family) return false;
  if (!answers(url, index, state)) return false;
  const known = stateOf(url, state) ?? state;
  return (family === 4 ? known?.ipv4 : known?.ipv6) !== false;
}

/** Where URLs are not probed apart, a mirror's state tells of the first, and nobody has probed the others. */
function answers(url: CompiledUrl, index: number, state: MirrorState | undefined): boolean {
  return state?.urls === undefined ? index === 0 : stateOf(url, state)?.reachable === true;
}

function stateOf({ url }: CompiledUrl, state: MirrorState | undefined) {
  return state?.urls?.find((known) => known.url === url);
}
