import type { Command } from 'commander';
import { SignpostError } from '../../oci/errors.ts';
import {
  type Life,
  type RoleLife,
  type Status,
  type TagLife,
  readStatus,
} from '../../origin/status/read-status.ts';
import type { TermState } from '../../origin/status/term.ts';
import { createFileMetadataTree } from '../../adapters/tree/file-metadata-tree.ts';
import { type CommonOptions, type Terminal, createVerb, printResult } from '../terminal/command.ts';
import { loadCheckedConfig } from '../checks/checked-config.ts';
import { formatTable } from '../../text/format-table.ts';
import { formatTime } from '../../text/format-time.ts';
import type { Config } from '../config/config-schema.ts';
import { composeContent } from '../records/content.ts';
import { composeTerms } from '../trust/terms.ts';

interface Options extends CommonOptions {
  readonly check?: boolean;
}

/** `signpost status`: how long what is published still lives. */
export function createCommand(terminal: Terminal): Command {
  return createVerb(
    'status',
    'Show how long the signatures of each published tag, of each format in each repository, and each role of TUF and Notary ' +
      'v1 metadata remain valid. Whatever has less than a third of its validity left is due for "signpost renew".',
    ['signpost status', 'signpost status --check --json'],
  )
    .option('--check', 'end with exit status 3 when anything is due, expired or unreadable')
    .action(async (options: Options) => {
      const status = await composeStatus(await loadCheckedConfig(options, 'publishing'));
      printResult(terminal, options, toJson(status), describe(status));
      const alarms = alarmsOf(status);
      if (options.check !== true || alarms.length === 0) return;
      throw new SignpostError('TRUST', alarms.join('; '));
    });
}

function describe(status: Status): readonly string[] {
  const lives = status.repositories.flatMap(({ tags }) => tags);
  if (lives.length === 0) return ['Nothing is published.'];
  const alarms = alarmsOf(status);
  return [
    ...formatTable([
      ['IMAGE', 'STATE', 'LEFT', 'EXPIRES'],
      ...lives.map((life) => [`${life.repository}:${life.tag}`, ...cellsOf(life)]),
    ]),
    '',
    ...formatTable([
      ['REPOSITORY', 'ROLE', 'STATE', 'LEFT', 'EXPIRES'],
      ...status.roles.map((life) => [life.repository ?? '(all)', life.role, ...cellsOf(life)]),
    ]),
    '',
    `Publication ${status.serial}. ${alarms.length === 0 ? 'Everything is good.' : 'These need attention:'}`,
    ...alarms.map((alarm) => `  ${alarm}`),
  ];
}

function cellsOf({ state, left, expires }: Life): readonly string[] {
  // Of metadata that cannot be read nobody knows when it expires.
  if (expires === Number.MAX_SAFE_INTEGER) return [state, '', ''];
  return [state, formatLeft(left), formatTime(expires)];
}

/** What is wrong, a line each: tags first, then metadata. The formats of a repository say what its tags say. */
function alarmsOf({ repositories, roles, clock }: Status): readonly string[] {
  const tags = repositories.flatMap((one) => one.tags).filter(({ state }) => state !== 'good');
  const metadata = roles.filter(({ role, state }) => isMetadata(role) && state !== 'good');
  return [...(clock === undefined ? [] : [clock]), ...tags.map(describeTag), ...metadata.map(describeRole)];
}

function isMetadata(role: RoleLife['role']): boolean {
  return role.startsWith('tuf-') || role.startsWith('notary-');
}

const advice: Readonly<Record<TermState, string>> = {
  good: 'good',
  due: 'its signatures have less than a third of their validity left: run "signpost renew"',
  expired: 'its signatures have expired, and clients refuse it: run "signpost renew"',
  unreadable: 'its signatures cannot be read with the configured keys: run "signpost scrub", or renew',
};

function describeTag({ repository, tag, state }: TagLife): string {
  return `${repository}:${tag}: ${advice[state]}`;
}

function describeRole({ repository, role, state }: RoleLife): string {
  const what = repository === undefined ? role : `${repository}: ${role}`;
  if (state === 'unreadable') return `${what} cannot be read: restore the tree, or accept a new bundle`;
  const problem =
    state === 'expired' ? 'has expired, and clients refuse it' : 'has less than a third of its validity left';
  return `${what} ${problem}: ${remedyFor(role)}`;
}

function remedyFor(role: RoleLife['role']): string {
  if (role.endsWith('-root')) return 'hold a ceremony for a new root (docs/tuf.md)';
  if (role === 'tuf-timestamp')
    return 'run "signpost tuf timestamp", or "signpost renew" when the signer makes it';
  return 'run "signpost renew"';
}

function formatLeft(left: number): string {
  if (left <= 0) return 'none';
  const hours = left / 3_600_000;
  return hours < 48 ? `${Math.floor(hours)} h` : `${Math.floor(hours / 24)} days`;
}

function toJson({ serial, repositories, roles, clock }: Status): object {
  return {
    serial,
    clock,
    repositories: repositories.map(({ repository, tags }) => ({
      repository,
      expires: formatTime(tags[0]?.expires ?? 0),
      tags: tags.map((life) => ({ tag: life.tag, ...lifeToJson(life) })),
      roles: roles.filter((life) => life.repository === repository).map(roleToJson),
    })),
    roles: roles.filter(({ repository }) => repository === undefined).map(roleToJson),
  };
}

function roleToJson(life: RoleLife): object {
  return { role: life.role, ...lifeToJson(life) };
}

function lifeToJson({ state, created, due, expires, left }: Life): object {
  if (expires === Number.MAX_SAFE_INTEGER) return { state };
  return {
    state,
    ...(created === undefined ? {} : { created: formatTime(created), due: formatTime(due) }),
    expires: formatTime(expires),
    secondsLeft: Math.floor(left / 1000),
  };
}

/** How long everything that is published still lives. Takes no lock: it only reads. */
async function composeStatus(config: Config): Promise<Status> {
  await using content = await composeContent(config, 'status');
  const terms = composeTerms(config, {
    treeReader: content.tree,
    publications: content.publications,
    metadataTree: createFileMetadataTree(content.folders.tree),
    clock: content.clock,
  });
  return await readStatus({ ...content, ...terms });
}
