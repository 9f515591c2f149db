import { Command, Option } from 'commander';
import { hasEnded } from '../../server/admin/check-token.ts';
import { issueToken } from '../../server/admin/issue-token.ts';
import type { Mirror, MirrorId } from '../../mirrors/mirror.ts';
import { quote } from '../../oci/digest.ts';
import { SignpostError } from '../../oci/errors.ts';
import { type StoredToken, type TokenRole, tokenRoles } from '../../ports/tokens.ts';
import { type CommonOptions, type Terminal, createVerb, printResult } from '../terminal/command.ts';
import { configOf } from '../config/config-of.ts';
import { composeToken } from './compose-token.ts';
import { parseDuration } from '../terminal/duration.ts';
import { formatTable } from '../../text/format-table.ts';
import { formatDay, formatTime } from '../../text/format-time.ts';

interface CreateOptions extends CommonOptions {
  readonly role: TokenRole;
  readonly mirror?: string;
  readonly label: string;
  readonly expires: string;
}

const examples = [
  'signpost token create --role operator --label "Ada, laptop"',
  'signpost token create --role mirror --mirror uni-example --label "sync job of uni-example"',
  'signpost token create --role front-end --label "front end in Tokyo"',
];

/** `signpost token`: who may use the management API. */
export function createCommand(terminal: Terminal): Command {
  return new Command('token')
    .description(
      'Keep the tokens of the management API. They are made on the origin alone, never through the API.',
    )
    .addHelpText('after', `\nExamples:\n${examples.map((example) => `  $ ${example}`).join('\n')}`)
    .addCommand(createCreate(terminal))
    .addCommand(createList(terminal))
    .addCommand(createRevoke(terminal));
}

function createCreate(terminal: Terminal): Command {
  return createVerb(
    'create',
    'Make a token and print it. It is shown this once: only its hash is kept. An operator may do everything, a ' +
      'publisher may look at what is published and staged, a mirror may report for itself, and a front end may fetch ' +
      'the snapshot that it follows.',
    examples,
  )
    .addOption(new Option('--role <role>', 'what it may do').choices(tokenRoles).makeOptionMandatory())
    .option('--mirror <name>', 'the mirror that it reports for; only with the role "mirror"')
    .requiredOption('--label <text>', 'who uses it, as the record of changes shows it')
    .option('--expires <time>', 'how long it is valid, such as "90d"; two years at most', '365d')
    .action(async (options: CreateOptions) => {
      await using parts = await composeToken(configOf(options));
      const mirror = findMirror(await parts.mirrors.list(), options);
      const wish = {
        role: options.role,
        label: options.label,
        life: parseDuration(options.expires, '--expires'),
        ...(mirror === undefined ? {} : { mirror }),
      };
      const { text, token } = await issueToken(parts, wish, parts.random());
      printResult(
        terminal,
        options,
        { token: text, ...toJson(token, parts.by.at, await parts.mirrors.list()) },
        [text],
      );
    });
}

function createList(terminal: Terminal): Command {
  return createVerb('list', 'Show the tokens, without their secrets.', ['signpost token list']).action(
    async (options: CommonOptions) => {
      await using parts = await composeToken(configOf(options));
      const mirrors = await parts.mirrors.list();
      const tokens = (await parts.tokens.list()).map((token) => toJson(token, parts.by.at, mirrors));
      const table = formatTable([
        ['ID', 'ROLE', 'MIRROR', 'STATE', 'EXPIRES', 'LAST USED', 'LABEL'],
        ...tokens.map(({ id, role, mirror, state, expires, lastUsed, label }) => [
          id,
          role,
          mirror ?? '-',
          state,
          expires.slice(0, 10),
          lastUsed ?? 'never',
          label,
        ]),
      ]);
      printResult(
        terminal,
        options,
        { tokens },
        tokens.length === 0 ? ['There are no tokens: make one with "signpost token create".'] : table,
      );
    },
  );
}

function createRevoke(terminal: Terminal): Command {
  return createVerb('revoke', 'End a token at once and for good.', ['signpost token revoke 0123456789abcdef'])
    .argument('<id>', 'its id, as "signpost token list" shows it')
    .action(async (id: string, options: CommonOptions) => {
      await using parts = await composeToken(configOf(options));
      const token = await parts.tokens.revoke(id, parts.by);
      printResult(terminal, options, { revoked: toJson(token, parts.by.at, await parts.mirrors.list()) }, [
        `revoked ${token.id} (${token.label})`,
      ]);
    });
}

function findMirror(mirrors: readonly Mirror[], { role, mirror: name }: CreateOptions): MirrorId | undefined {
  if ((role === 'mirror') !== (name !== undefined)) {
    throw new SignpostError('USAGE', '--mirror goes with --role mirror, and --role mirror needs it');
  }
  if (name === undefined) return undefined;
  const mirror = mirrors.find((one) => one.name === name);
  if (mirror !== undefined) return mirror.id;
  throw new SignpostError(
    'NOT_FOUND',
    `there is no mirror named ${quote(name)}: "signpost mirror list" shows their names`,
  );
}

function toJson(token: StoredToken, now: number, mirrors: readonly Mirror[]) {
  const { id, role, label, created, expires, revoked, lastUsed } = token;
  const state = revoked !== undefined ? 'revoked' : hasEnded(token, now) ? 'expired' : 'good';
  const mirror = token.mirror === undefined ? undefined : nameOf(token.mirror, mirrors);
  return {
    id,
    role,
    ...(mirror === undefined ? {} : { mirror }),
    label,
    state,
    created: formatTime(created),
    expires: formatTime(expires),
    ...(revoked === undefined ? {} : { revoked: formatTime(revoked) }),
    ...(lastUsed === undefined ? {} : { lastUsed: formatDay(lastUsed) }),
  };
}

function nameOf(id: MirrorId, mirrors: readonly Mirror[]): string {
  return mirrors.find((mirror) => mirror.id === id)?.name ?? 'a removed one';
}
