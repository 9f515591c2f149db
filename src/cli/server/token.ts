import { randomBytes } from 'node:crypto';
import { Command, Option } from 'commander';
import { hasEnded } from '../../server/admin/check-token.ts';
import { type TokenDeps, issueToken } from '../../server/admin/issue-token.ts';
import type { Mirror, MirrorId } from '../../mirrors/mirror.ts';
import { SignpostError } from '../../oci/errors.ts';
import { type StoredToken, type TokenRole, tokenRoles } from '../../ports/tokens.ts';
import { createSystemClock } from '../../adapters/time/system-clock.ts';
import { tokenRandomSize } from '../../server/admin/token-text.ts';
import type { MirrorRegistry } from '../../ports/mirror-registry.ts';
import { type CommonOptions, type Terminal, createVerb, printResult } from '../terminal/command.ts';
import { loadConfig } from '../config/config.ts';
import { parseDuration } from '../terminal/duration.ts';
import { findMirror } from '../records/mirror-records.ts';
import { formatTable } from '../../text/format-table.ts';
import { formatDay, formatTime } from '../../text/format-time.ts';
import type { Config } from '../config/config-schema.ts';
import { localUser } from '../records/local-user.ts';
import { openStorage } from '../records/storage.ts';

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
      'Manage the tokens of the management API. They are made on the origin, never through the API.',
    )
    .addHelpText('after', `\nExamples:\n${examples.map((example) => `  $ ${example}`).join('\n')}`)
    .addCommand(createCreate(terminal))
    .addCommand(createList(terminal))
    .addCommand(createRevoke(terminal));
}

function createCreate(terminal: Terminal): Command {
  return createVerb(
    'create',
    'Make a token and print it. Only its hash is stored, so it cannot be shown again. The role "operator" may do everything, ' +
      '"publisher" may see what is published and staged, "mirror" may report for one mirror, and "front-end" may fetch ' +
      'the snapshot.',
    examples,
  )
    .addOption(new Option('--role <role>', 'role of the token').choices(tokenRoles).makeOptionMandatory())
    .option('--mirror <name>', 'mirror that the token reports for; only for the role "mirror"')
    .requiredOption('--label <text>', 'who uses the token, for the record of changes')
    .option('--expires <time>', 'how long the token is valid, such as "90d"; at most two years', '365d')
    .action(async (options: CreateOptions) => {
      await using parts = await composeToken(loadConfig(options));
      const mirror = mirrorOf(await parts.mirrors.list(), options);
      const wish = {
        role: options.role,
        label: options.label,
        life: parseDuration(options.expires, '--expires'),
        mirror,
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
      await using parts = await composeToken(loadConfig(options));
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
  return createVerb('revoke', 'Revoke a token. It stops working at once.', [
    'signpost token revoke 0123456789abcdef',
  ])
    .argument('<id>', 'id of the token, as "signpost token list" shows it')
    .action(async (id: string, options: CommonOptions) => {
      await using parts = await composeToken(loadConfig(options));
      const token = await parts.tokens.revoke(id, parts.by);
      printResult(terminal, options, { revoked: toJson(token, parts.by.at, await parts.mirrors.list()) }, [
        `revoked ${token.id} (${token.label})`,
      ]);
    });
}

function mirrorOf(mirrors: readonly Mirror[], { role, mirror: name }: CreateOptions): MirrorId | undefined {
  if ((role === 'mirror') !== (name !== undefined)) {
    throw new SignpostError('USAGE', '--role mirror needs --mirror, and other roles do not take it');
  }
  return name === undefined ? undefined : findMirror(mirrors, name).id;
}

function toJson(token: StoredToken, now: number, mirrors: readonly Mirror[]) {
  const { id, role, label, created, expires, revoked, lastUsed } = token;
  const state = revoked !== undefined ? 'revoked' : hasEnded(token, now) ? 'expired' : 'good';
  const mirror = token.mirror === undefined ? undefined : nameOf(token.mirror, mirrors);
  return {
    id,
    role,
    mirror,
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

interface TokenCommandParts extends TokenDeps, AsyncDisposable {
  readonly mirrors: Pick<MirrorRegistry, 'list'>;
  readonly random: () => Buffer;
}

/** What `signpost token` works with. */
async function composeToken(config: Config): Promise<TokenCommandParts> {
  const clock = createSystemClock();
  const storage = await openStorage(config, clock);
  return {
    tokens: storage.tokens,
    mirrors: storage.mirrorRegistry,
    by: { who: localUser(), at: clock.now() },
    random: () => randomBytes(tokenRandomSize),
    [Symbol.asyncDispose]: () => storage[Symbol.asyncDispose](),
  };
}
