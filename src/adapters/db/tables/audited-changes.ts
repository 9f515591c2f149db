import type { Mirror, NewMirror } from '../../../mirrors/mirror.ts';
import { describeMirror } from '../../../mirrors/mirror-description.ts';
import type { AuditedChange, AuditValue } from '../../../ports/audit-log.ts';
import type { StoredToken } from '../../../ports/tokens.ts';
import { formatTime } from '../../../text/format-time.ts';

/** What the record of changes says of a mirror that was added. */
export function addedMirror(mirror: NewMirror): AuditedChange {
  return { action: 'mirror.add', subject: mirror.name, after: toldOf(mirror) };
}

/** Of one that was changed; undefined when nothing of it was. */
export function changedMirror(before: Mirror, after: NewMirror): AuditedChange | undefined {
  const changed = changedKeys(describeMirror(before), describeMirror(after));
  if (changed.length === 0) return undefined;
  return {
    action: 'mirror.change',
    subject: before.name,
    before: pick(toldOf(before), changed),
    after: pick(toldOf(after), changed),
  };
}

/** Of one that was removed. */
export function removedMirror(mirror: Mirror): AuditedChange {
  return { action: 'mirror.remove', subject: mirror.name, before: toldOf(mirror) };
}

/** Of a token that was made. */
export function addedToken(token: StoredToken): AuditedChange {
  return { action: 'token.create', subject: token.id, after: toldOfToken(token) };
}

/** Of one that was revoked. */
export function revokedToken(token: StoredToken): AuditedChange {
  return { action: 'token.revoke', subject: token.id, before: toldOfToken(token) };
}

/** A webhook's address may hold a secret: that it changed is told, and not what it is. */
function toldOf(mirror: NewMirror): AuditValue {
  const { webhook, ...rest } = describeMirror(mirror);
  return webhook === undefined ? rest : { ...rest, webhook: '(not written down)' };
}

function toldOfToken({ role, mirror, label, expires }: StoredToken): AuditValue {
  return { role, ...(mirror === undefined ? {} : { mirror }), label, expires: formatTime(expires) };
}

function changedKeys(was: AuditValue, is: AuditValue): readonly string[] {
  return [...new Set([...Object.keys(was), ...Object.keys(is)])].filter(
    (key) => JSON.stringify(was[key]) !== JSON.stringify(is[key]),
  );
}

function pick(value: AuditValue, keys: readonly string[]): AuditValue {
  return Object.fromEntries(keys.filter((key) => value[key] !== undefined).map((key) => [key, value[key]]));
}
