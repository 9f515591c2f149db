import { formatPlatform, type Platform } from '../src/oci/platform.ts';
import { type ClientCommand, type DemoImage, shellCommand } from './client-setup.ts';
import type { DemoMirror } from './demo-world.ts';
import type { Pulled } from './pull-image.ts';

/** What a demo tells as it goes. With `--json` each is a line as it stands. */
export type DemoEvent =
  | { readonly event: 'step'; readonly says: string }
  | { readonly event: 'command'; readonly says: string; readonly argv: readonly string[] }
  | {
      readonly event: 'ready';
      readonly url: string;
      readonly country: string;
      readonly folder: string;
      /** Whether it ends by itself. */
      readonly once: boolean;
      readonly image: DemoImage;
      readonly platforms: readonly Platform[];
      readonly mirrors: readonly (DemoMirror & { readonly url: string })[];
      readonly commands: readonly ClientCommand[];
    }
  | ({ readonly event: 'sent'; readonly mirror: string } & MirrorSent)
  | ({ readonly event: 'pulled' } & Pulled)
  | { readonly event: 'stopped'; readonly folder: string; readonly kept: boolean };

/** A request that a mirror answered. */
export interface MirrorSent {
  readonly path: string;
  readonly status: number;
  readonly bytes: number;
  readonly client: string;
  readonly userAgent: string;
}

/** The lines in which an event is told to people. */
export function describeDemoEvent(event: DemoEvent): readonly string[] {
  switch (event.event) {
    case 'step':
      return [event.says];
    case 'command':
      return [event.says, `  $ ${shellCommand(event.argv)}`];
    case 'ready':
      return describeReady(event);
    case 'sent':
      return [
        `${event.mirror} answered ${event.status} to ${clientName(event.userAgent)} at ${event.client}: ` +
          `${formatBytes(event.bytes)} of ${shortPath(event.path)}`,
      ];
    case 'pulled':
      return [
        `Pulled ${event.manifests} manifests and ${event.blobs.length} blobs; every digest and size is right.`,
        ...event.blobs.map(
          (blob) => `  ${shortPath(blob.digest)}  ${formatBytes(blob.size)} from ${blob.from}`,
        ),
      ];
    case 'stopped':
      return [event.kept ? `Stopped. Everything is in ${event.folder}` : 'Stopped, and cleaned up.'];
    default:
      return event satisfies never;
  }
}

function describeReady(event: Extract<DemoEvent, { event: 'ready' }>): readonly string[] {
  const { image, mirrors, platforms } = event;
  const lines = event.commands.flatMap(({ tool, shows, argv, succeeds }, index) => [
    ...(event.commands[index - 1]?.tool === tool ? [] : ['', `${tool}:`]),
    `  # ${shows}${succeeds ? '' : ' (must fail)'}`,
    `  ${shellCommand(argv)}`,
  ]);
  return [
    '',
    `Ready: ${image.registry}/${image.repository}:${image.tag} for ${platforms.map(formatPlatform).join(', ')}`,
    `  signed list   ${image.list}`,
    `  Mirror List   ${event.url}`,
    ...mirrors.map(({ name, country, url }) => `  ${name}     ${url} (${country})`),
    `  This machine counts as being in ${event.country}; choose another with --country.`,
    ...lines,
    '',
    ...(event.once ? [] : ['Press Ctrl-C to stop. What the mirrors send is told here:']),
  ];
}

/** `sha256:0123abcd…`, from a digest or from the path of a file of the tree. */
function shortPath(path: string): string {
  const last = path.slice(path.lastIndexOf('/') + 1);
  return last.startsWith('sha256:') ? `${last.slice(0, 19)}…` : last.slice(0, 60);
}

function clientName(userAgent: string): string {
  const [name = ''] = userAgent.split(/[ /]/);
  return /^[A-Za-z0-9._-]{1,32}$/.test(name) ? name : 'a client';
}

function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  return bytes < 1_000_000 ? `${(bytes / 1000).toFixed(1)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}
