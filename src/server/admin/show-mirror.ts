import type { Mirror } from '../../mirrors/mirror.ts';
import { describeMirror } from '../../mirrors/mirror-description.ts';
import type { MirrorState } from '../../mirrors/mirror-state.ts';
import type { TokenRole } from '../../ports/tokens.ts';
import { formatTime } from '../../text/format-time.ts';

/** A mirror as the API shows it. Publishers do not see how its people are reached. */
export function showMirror(mirror: Mirror, role: TokenRole | undefined): object {
  const { contact, webhook, ...rest } = describeMirror(mirror);
  const told = role === 'operator' || role === 'mirror';
  return { id: mirror.id, ...rest, contact: told ? contact : undefined, webhook: told ? webhook : undefined };
}

export function showState(state: MirrorState): object {
  const { healthy, reason, since, serial, ipv4, ipv6, urls, warning, responseTime, certificate } = state;
  return {
    healthy,
    reason,
    since: formatTime(since),
    serial,
    ipv4,
    ipv6,
    urls,
    warning,
    responseTime,
    certificateExpires: certificate && formatTime(certificate.expires),
  };
}
