import type { MirrorState } from './mirror-state.ts';
import { formatTime } from '../text/format-time.ts';

/** What can happen to a mirror. */
export const mirrorEventKinds = [
  /** Clients are sent there again. */
  'in',
  /** Clients are not sent there any more. */
  'out',
  /** It sent wrong bytes: it stays out until it has passed a full check. */
  'wrong-bytes',
  /** It is in, and something about it is not right. */
  'warning',
  /** One of its URLs, or one address family, stopped answering while others go on. */
  'partly-out',
  /** All of its URLs answer again, over every address family that they have. */
  'whole',
  /** Its certificate ends soon. */
  'certificate',
] as const;
type MirrorEventKind = (typeof mirrorEventKinds)[number];

export interface MirrorChange {
  readonly kind: MirrorEventKind;
  /** A sentence for people. */
  readonly detail: string;
}

/** What has happened between two states of a mirror, for its history and for those who want to be told. */
export function changesBetween(
  before: MirrorState & { readonly needs: string },
  after: MirrorState & { readonly needs: string },
): readonly MirrorChange[] {
  const changes: MirrorChange[] = [];
  const add = (kind: MirrorEventKind, detail: string) => changes.push({ kind, detail });
  if (after.needs === 'full-check' && before.needs !== 'full-check') add('wrong-bytes', after.reason ?? '');
  else if (before.healthy && !after.healthy) add('out', after.reason ?? '');
  if (!before.healthy && after.healthy) add('in', `it holds publications up to ${after.serial}`);
  if (!after.healthy) return changes;
  if (after.warning !== undefined && after.warning !== before.warning) add('warning', after.warning);
  const [was, is] = [brokenParts(before), brokenParts(after)];
  if (is.size > 0 && !sameKeys(was, is)) add('partly-out', [...is.values()].join('; '));
  if (is.size === 0 && was.size > 0 && before.healthy) add('whole', 'all of its URLs answer as they should');
  const [had, has] = [before.certificate, after.certificate];
  if (has?.soon === true && (had?.soon !== true || had.expires !== has.expires)) {
    add('certificate', `its certificate ends on ${formatTime(has.expires)}`);
  }
  return changes;
}

function brokenParts({ urls }: MirrorState): ReadonlyMap<string, string> {
  const broken = new Map<string, string>();
  for (const { url, reachable, reason, ipv4 } of urls ?? []) {
    if (reason === undefined) continue;
    const part = reachable ? `${url} over IPv${ipv4 === false ? 4 : 6}` : url;
    broken.set(part, `${part}: ${reason}`);
  }
  return broken;
}

function sameKeys(one: ReadonlyMap<string, string>, other: ReadonlyMap<string, string>): boolean {
  return one.size === other.size && [...one.keys()].every((key) => other.has(key));
}
