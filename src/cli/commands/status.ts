import type { Command } from 'commander';
import { SignpostError } from '../../oci/errors.ts';
import type { Status } from '../../status/read-status.ts';
import type { LifeState, TagLife } from '../../status/signature-life.ts';
import { type CommonOptions, type Terminal, configOf, createVerb, printResult } from '../command.ts';
import { composeStatus } from '../compose/status.ts';
import { formatTable } from '../table.ts';

interface Options extends CommonOptions {
  readonly check?: boolean;
}

/** `signpost status`: how long signatures still live. */
export function createCommand(terminal: Terminal): Command {
  return createVerb(
    'status',
    'Show how long the signatures of each published tag still live. What has less than a third of its life left is ' +
      'due for new ones: "signpost renew".',
    ['signpost status', 'signpost status --check --json'],
  )
    .option('--check', 'end with exit status 3 when anything is due, expired or unreadable')
    .action(async (options: Options) => {
      const status = await composeStatus(configOf(options));
      printResult(terminal, options, toJson(status), describe(status));
      const alarms = alarmsOf(status);
      if (options.check !== true || alarms.length === 0) return;
      throw new SignpostError('TRUST', alarms.map(describeAlarm).join('; '));
    });
}

function describe(status: Status): readonly string[] {
  const lives = status.repositories.flatMap(({ tags }) => tags);
  if (lives.length === 0) return ['Nothing is published.'];
  const alarms = alarmsOf(status);
  return [
    ...formatTable([
      ['IMAGE', 'STATE', 'LEFT', 'EXPIRES'],
      ...lives.map((life) => [
        `${life.repository}:${life.tag}`,
        life.state,
        formatLeft(life.left),
        new Date(life.expires).toISOString(),
      ]),
    ]),
    `Publication ${status.serial}. ${alarms.length === 0 ? 'All signatures are good.' : `${alarms.length} of ${lives.length} tags need attention:`}`,
    ...alarms.map((life) => `  ${describeAlarm(life)}`),
  ];
}

function alarmsOf({ repositories }: Status): readonly TagLife[] {
  return repositories.flatMap(({ tags }) => tags).filter(({ state }) => state !== 'good');
}

const advice: Readonly<Record<LifeState, string>> = {
  good: 'good',
  due: 'less than a third of the life of its signatures is left: run "signpost renew"',
  expired: 'its signatures have expired, and clients refuse it: run "signpost renew"',
  unreadable: 'its signatures cannot be read with the configured keys: run "signpost scrub", or renew',
};

function describeAlarm({ repository, tag, state }: TagLife): string {
  return `${repository}:${tag}: ${advice[state]}`;
}

function formatLeft(left: number): string {
  if (left <= 0) return 'none';
  const hours = left / 3_600_000;
  return hours < 48 ? `${Math.floor(hours)} h` : `${Math.floor(hours / 24)} days`;
}

function toJson({ serial, repositories }: Status): object {
  return {
    serial,
    repositories: repositories.map(({ repository, tags }) => ({
      repository,
      expires: new Date(tags[0]?.expires ?? 0).toISOString(),
      tags: tags.map(({ tag, state, created, expires, left }) => ({
        tag,
        state,
        ...(created === undefined ? {} : { created: new Date(created).toISOString() }),
        expires: new Date(expires).toISOString(),
        secondsLeft: Math.floor(left / 1000),
      })),
    })),
  };
}
