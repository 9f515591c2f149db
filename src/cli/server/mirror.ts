import { Command } from 'commander';
import type { Mirror } from '../../mirrors/mirror.ts';
import { changeMirror, parseMirror } from '../../mirrors/parse-mirror.ts';
import { refuseConflicts } from '../../mirrors/refuse-conflicts.ts';
import { SignpostError } from '../../oci/errors.ts';
import { type CommonOptions, type Terminal, createVerb, printResult } from '../terminal/command.ts';
import { findMirror } from '../records/mirror-records.ts';
import { openRecords } from '../records/records.ts';
import {
  describeClients,
  describeStatus,
  describeWhole,
  mirrorToJson,
  statusToJson,
} from './describe-mirror.ts';
import { createHistory } from './mirror-history.ts';
import { createImport } from './mirror-import.ts';
import { collect } from '../terminal/collect.ts';
import { confirm } from '../terminal/prompt.ts';
import { type MirrorOptions, addMirrorOptions, addRemovingOptions, changesOf } from './mirror-options.ts';
import { type ServerOptions, addServerOptions } from '../records/server-options.ts';
import { formatTable } from '../../text/format-table.ts';

type MirrorCommandOptions = CommonOptions & ServerOptions;

const examples = [
  'signpost mirror add uni-example https://mirror.example.org/images --country DE --weight 1000',
  'signpost mirror list',
];

/** `signpost mirror`: the mirrors that clients are sent to. A running server notices changes by itself. */
export function createCommand(terminal: Terminal): Command {
  return new Command('mirror')
    .description('Manage the mirrors. A running server notices changes within seconds.')
    .addHelpText('after', `\nExamples:\n${examples.map((example) => `  $ ${example}`).join('\n')}`)
    .addCommand(createAdd(terminal))
    .addCommand(createEdit(terminal))
    .addCommand(createList(terminal))
    .addCommand(createShow(terminal))
    .addCommand(createHistory(terminal))
    .addCommand(createImport(terminal))
    .addCommand(createRemove(terminal))
    .addCommand(
      createSwitch(
        terminal,
        'disable',
        'disabled',
        { enabled: false },
        'Send no more clients to a mirror, until it is enabled again.',
      ),
    )
    .addCommand(
      createSwitch(terminal, 'enable', 'enabled', { enabled: true }, 'Send clients to a mirror again.'),
    )
    .addCommand(
      createSwitch(
        terminal,
        'approve',
        'approved',
        { approved: true },
        'Approve a mirror that was added with "approved: false". It gets clients as soon as it has passed a probe.',
      ),
    );
}

/** Each of them works here, or through the management API of a server. */
function createMirrorVerb(name: string, description: string, examples: readonly string[]): Command {
  return addServerOptions(createVerb(name, description, examples));
}

function createAdd(terminal: Terminal): Command {
  const command = createMirrorVerb('add', 'Add a mirror. It gets clients as soon as it has passed a probe.', [
    'signpost mirror add uni-example https://mirror.example.org/images --country DE --asn 680 --weight 1000',
    'signpost mirror add campus https://images.campus.example.net --country FR --kind private --netblock 192.0.2.0/24',
  ])
    .argument('<name>', 'short and unique, such as uni-example')
    .argument('<url...>', 'URL of its copy of the tree. A client is sent to the first URL that it can use')
    .requiredOption('--country <code>', 'country of the mirror (two letters, ISO 3166-1)');
  return addMirrorOptions(command).action(
    async (
      name: string,
      urls: string[],
      options: MirrorOptions & MirrorCommandOptions & { country: string },
    ) => {
      await using records = await openRecords(options);
      const mirrors = records.mirrors();
      const mirror = parseMirror(
        { ...changesOf(options), name, urls, country: options.country },
        mirrors.allowed,
      );
      refuseConflicts(await mirrors.registry.list(), mirror, {
        shareNetblocks: options.shareNetblocks === true,
      });
      printMirror(terminal, options, 'added', await mirrors.registry.add(mirror, mirrors.by));
    },
  );
}

function createEdit(terminal: Terminal): Command {
  const command = createMirrorVerb('edit', 'Change only the given properties of a mirror.', [
    'signpost mirror edit uni-example --weight 2000',
    'signpost mirror edit uni-example --netblock 192.0.2.0/24 --no-asn',
  ])
    .argument('<name>', 'the mirror')
    .option('--name <name>', 'new name')
    .option(
      '--url <url>',
      'URL of its copy of the tree, replacing all present URLs; may be repeated',
      collect,
    )
    .option('--country <code>', 'new country (two letters, ISO 3166-1)');
  return addRemovingOptions(addMirrorOptions(command)).action(
    async (name: string, options: MirrorOptions & MirrorCommandOptions) => {
      await using records = await openRecords(options);
      const mirrors = records.mirrors();
      const changes = changesOf(options);
      if (Object.keys(changes).length === 0) {
        throw new SignpostError('USAGE', 'no property to change is given: see "signpost mirror edit --help"');
      }
      const before = findMirror(await mirrors.registry.list(), name);
      const changed = changeMirror(before, changes, mirrors.allowed);
      // Netblocks that overlap already do not stand in the way of changing something else.
      const shareNetblocks = options.shareNetblocks === true || changes.netblocks === undefined;
      refuseConflicts(await mirrors.registry.list(), changed, { shareNetblocks });
      await mirrors.registry.update(before, changed, mirrors.by);
      printMirror(terminal, options, 'changed', changed);
    },
  );
}

function createList(terminal: Terminal): Command {
  return createMirrorVerb('list', 'Show the mirrors.', [
    'signpost mirror list',
    'signpost mirror list --json',
  ]).action(async (options: MirrorCommandOptions) => {
    await using records = await openRecords(options);
    const { registry, ...known } = records.mirrors();
    const mirrors = await registry.list();
    const states = await known.states();
    const newest = await known.newest();
    const table = formatTable([
      ['NAME', 'COUNTRY', 'WEIGHT', 'FOR', 'STATUS', 'URL'],
      ...mirrors.map((mirror) => [
        mirror.name,
        mirror.country,
        String(mirror.weight),
        describeClients(mirror),
        describeStatus(mirror, states.get(mirror.id), newest),
        mirror.urls.join(' '),
      ]),
    ]);
    printResult(
      terminal,
      options,
      { newest, mirrors: mirrors.map((mirror) => statusToJson(mirror, states.get(mirror.id), newest)) },
      mirrors.length === 0 ? ['There are no mirrors: add one with "signpost mirror add".'] : table,
    );
  });
}

function createShow(terminal: Terminal): Command {
  return createMirrorVerb('show', 'Show all properties of a mirror and the results of its probes.', [
    'signpost mirror show uni-example',
  ])
    .argument('<name>', 'the mirror')
    .action(async (name: string, options: MirrorCommandOptions) => {
      await using records = await openRecords(options);
      const mirrors = records.mirrors();
      const { mirror, state } = await mirrors.show(name);
      printResult(terminal, options, { mirror: statusToJson(mirror, state) }, describeWhole(mirror, state));
    });
}

function createRemove(terminal: Terminal): Command {
  return createMirrorVerb(
    'remove',
    'Remove a mirror and its history for good. To keep the mirror without sending clients there, use "signpost mirror disable".',
    ['signpost mirror remove uni-example', 'signpost mirror remove uni-example --yes'],
  )
    .argument('<name>', 'the mirror')
    .option('--yes', 'do not ask for confirmation')
    .action(async (name: string, options: MirrorCommandOptions & { readonly yes?: boolean }) => {
      await using records = await openRecords(options);
      const mirrors = records.mirrors();
      const mirror = findMirror(await mirrors.registry.list(), name);
      const question = `Remove ${mirror.name} (${mirror.urls.join(' ')}) for good?`;
      const agreed =
        options.yes === true || (await confirm(terminal, question, 'add --yes to remove it without asking'));
      if (!agreed) throw new SignpostError('CANCELLED', 'nothing was removed');
      await mirrors.registry.remove(mirror, mirrors.by);
      printMirror(terminal, options, 'removed', mirror);
    });
}

function createSwitch(
  terminal: Terminal,
  verb: string,
  done: string,
  change: Partial<Pick<Mirror, 'enabled' | 'approved'>>,
  summary: string,
): Command {
  return createMirrorVerb(verb, summary, [`signpost mirror ${verb} uni-example`])
    .argument('<name>', 'the mirror')
    .action(async (name: string, options: MirrorCommandOptions) => {
      await using records = await openRecords(options);
      const mirrors = records.mirrors();
      const before = findMirror(await mirrors.registry.list(), name);
      const mirror = { ...before, ...change };
      await mirrors.registry.update(before, mirror, mirrors.by);
      printMirror(terminal, options, done, mirror);
    });
}

function printMirror(terminal: Terminal, options: MirrorCommandOptions, done: string, mirror: Mirror): void {
  printResult(terminal, options, { [done]: mirrorToJson(mirror) }, [
    `${done} ${mirror.name}: ${mirror.urls.join(' ')} (${mirror.country}, weight ${mirror.weight})`,
  ]);
}
