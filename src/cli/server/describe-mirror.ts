import { type MirrorDescription, describeMirror } from '../../mirrors/mirror-description.ts';
import type { Mirror } from '../../mirrors/mirror.ts';
import type { MirrorState, UrlState } from '../../mirrors/mirror-state.ts';
import { plural } from '../terminal/plural.ts';
import { formatTable } from '../../text/format-table.ts';
import { formatDay, formatTime } from '../../text/format-time.ts';

/**
 * In a few words how a mirror is. What the operator has ordered goes before what the server has seen. With the `newest`
 * publication it is said how far behind it is.
 */
export function describeStatus(mirror: Mirror, state: MirrorState | undefined, newest?: number): string {
  if (!mirror.enabled) return 'disabled';
  if (!mirror.approved) return 'waits for approval';
  return state === undefined ? 'not probed yet' : describeHealth(state, newest);
}

/** In a few words what was seen of a mirror, whatever the operator has ordered. */
export function describeHealth(state: MirrorState, newest?: number): string {
  if (!state.healthy) return `down: ${state.reason ?? 'its last probe failed'}`;
  const partly = state.urls?.some(({ reason }) => reason !== undefined) === true ? ', partly out' : '';
  const warned = state.warning === undefined ? '' : ', with a warning';
  const behind = behindOf(state, newest);
  const late = behind === undefined || behind === 0 ? '' : ` (${plural(behind, 'publication')} behind)`;
  return `healthy, at ${state.serial}${late}${partly}${warned}`;
}

/** How many publications a mirror lacks; undefined where that is not known. */
function behindOf({ serial }: MirrorState, newest: number | undefined): number | undefined {
  return newest === undefined || serial === 0 ? undefined : Math.max(0, newest - serial);
}

/** Whom a mirror serves, in a few words. */
export function describeClients({ kind, onlyCountries, exceptCountries }: Mirror): string {
  if (kind === 'private') return 'own netblocks';
  if (onlyCountries.length > 0) return onlyCountries.join(',');
  return exceptCountries.length > 0 ? `all but ${exceptCountries.join(',')}` : 'everybody';
}

/** A mirror with everything that is known of it, a line each. */
export function describeWhole(mirror: Mirror, state: MirrorState | undefined): readonly string[] {
  const { urls, coordinates, onlyCountries, netblocks, ...rest } = describeMirror(mirror);
  const some = (list: readonly unknown[], none: string) => (list.length === 0 ? none : list.join(', '));
  const lines: readonly (readonly [string, string | undefined])[] = [
    ['name', rest.name],
    ['site', rest.site],
    ['kind', rest.kind],
    ...urls.map((url) => ['URL', url] as const),
    ['country', rest.country],
    ['coordinates', coordinates && `${coordinates.latitude},${coordinates.longitude}`],
    ['ASNs', some(rest.asns, 'none')],
    ['CIDR blocks', some(netblocks, 'none')],
    ['weight', String(rest.weight)],
    ['carries', some(rest.repositories, 'everything')],
    ['serves', some(onlyCountries, 'every country')],
    ['except', some(rest.exceptCountries, 'none')],
    ['contact', rest.contact],
    ['webhook', rest.webhook],
    ['status', describeStatus(mirror, state)],
    ['since', state && formatTime(state.since)],
    ['warning', state?.warning],
    ['response', state?.responseTime === undefined ? undefined : `${state.responseTime} ms, smoothed`],
    ['certificate', state && describeCertificate(state)],
    ...(state?.urls ?? []).map((url) => [url.reachable ? 'answers' : 'silent', describeUrl(url)] as const),
  ];
  return formatTable(lines.flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])));
}

/** Until when its certificate is valid; undefined where none has been seen. */
export function describeCertificate({ certificate }: MirrorState): string | undefined {
  if (certificate === undefined) return undefined;
  return `until ${formatDay(certificate.expires)}${certificate.soon ? ', soon' : ''}`;
}

function describeUrl({ url, ipv4, ipv6, reason }: UrlState): string {
  const families = [ipv4 === true ? 'IPv4' : '', ipv6 === true ? 'IPv6' : ''].filter((name) => name !== '');
  const over = families.length === 0 ? '' : ` over ${families.join(' and ')}`;
  return `${url}${over}${reason === undefined ? '' : ` (${reason})`}`;
}

/** A mirror as `--json` has it. */
export function mirrorToJson(mirror: Mirror): MirrorDescription & { readonly id: number } {
  return { id: mirror.id, ...describeMirror(mirror) };
}

/** A mirror with its state as `--json` has it. */
export function statusToJson(mirror: Mirror, state: MirrorState | undefined, newest?: number) {
  return { ...mirrorToJson(mirror), state: stateToJson(state, newest) };
}

function stateToJson(state: MirrorState | undefined, newest: number | undefined) {
  if (state === undefined) return undefined;
  const { healthy, reason, since, serial, ipv4, ipv6, urls, warning, responseTime, certificate } = state;
  const ends = certificate && { ...certificate, expires: formatTime(certificate.expires) };
  return {
    healthy,
    reason,
    since: formatTime(since),
    serial,
    behind: behindOf(state, newest),
    ipv4,
    ipv6,
    urls,
    warning,
    responseTime,
    certificate: ends,
  };
}
