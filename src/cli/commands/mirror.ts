import { Command } from 'commander';
import type { Mirror, MirrorId, NewMirror } from '../../mirrors/mirror.ts';
import type { MirrorState } from '../../mirrors/mirror-state.ts';
import { describeMirror } from '../../mirrors/mirror-description.ts';
import { changeMirror, parseMirror } from '../../mirrors/parse-mirror.ts';
import { quote } from '../../oci/digest.ts';
import { SignpostError } from '../../oci/errors.ts';
import type { MirrorRegistry } from '../../ports/mirror-registry.ts';
import { type CommonOptions, type Terminal, configOf, createVerb, printResult } from '../command.ts';
import { composeMirror } from '../compose/mirror.ts';
import { type MirrorOptions, addMirrorOptions, addRemovingOptions, changesOf } from '../mirror-options.ts';
import { formatTable } from '../table.ts';

const examples = [
  'signpost mirror add uni-example https://mirror.example.org/images --country DE --weight 1000',
  'signpost mirror list',
];

/** `signpost mirror`: the mirrors that clients are sent to. A running server notices changes by itself. */
export function createCommand(terminal: Terminal): Command {
  return new Command('mirror')
    .description('Keep the list of mirrors. A running server notices changes within seconds.')
    .addHelpText('after', `\nExamples:\n${examples.map((example) => `  $ ${example}`).join('\n')}`)
    .addCommand(createAdd(terminal))
    .addCommand(createEdit(terminal))
    .addCommand(createList(terminal))
    .addCommand(createRemove(terminal))
    .addCommand(
      createSwitch(terminal, 'disable', false, 'Send nobody to a mirror until it is enabled again.'),
    )
    .addCommand(createSwitch(terminal, 'enable', true, 'Send clients to a mirror again.'));
}

function createAdd(terminal: Terminal): Command {
  const command = createVerb('add', 'Add a mirror. Clients are sent there once it has passed a probe.', [
    'signpost mirror add uni-example https://mirror.example.org/images --country DE --asn 680 --weight 1000',
    'signpost mirror add campus https://10.1.2.3 --country FR --private --netblock 192.0.2.0/24',
  ])
    .argument('<name>', 'short and unique, such as uni-example')
    .argument('<url>', 'where its copy of the tree is')
    .requiredOption('--country <code>', 'its country (ISO 3166-1, two letters)');
  return addMirrorOptions(command).action(
    (name: string, url: string, options: MirrorOptions & CommonOptions & { country: string }) => {
      using parts = composeMirror(configOf(options));
      const mirror = parseMirror(
        { ...changesOf(options), name, url, country: options.country },
        parts.allowed,
      );
      refuseSecondUse(parts.registry, mirror);
      printMirror(terminal, options, 'added', parts.registry.add(mirror));
    },
  );
}

function createEdit(terminal: Terminal): Command {
  const command = createVerb('edit', 'Change what is named of a mirror, and nothing else.', [
    'signpost mirror edit uni-example --weight 2000',
    'signpost mirror edit uni-example --netblock 192.0.2.0/24 --no-asn',
  ])
    .argument('<name>', 'the mirror')
    .option('--name <name>', 'another name')
    .option('--url <url>', 'another place of its copy of the tree')
    .option('--country <code>', 'another country');
  return addRemovingOptions(addMirrorOptions(command)).action(
    (name: string, options: MirrorOptions & CommonOptions) => {
      using parts = composeMirror(configOf(options));
      const changes = changesOf(options);
      if (Object.keys(changes).length === 0) {
        throw new SignpostError('USAGE', 'nothing to change is named: see "signpost mirror edit --help"');
      }
      const changed = changeMirror(findByName(parts.registry, name), changes, parts.allowed);
      refuseSecondUse(parts.registry, changed);
      parts.registry.update(changed);
      printMirror(terminal, options, 'changed', changed);
    },
  );
}

// Two mirrors at one URL would be probed twice, and a client that fails at one would be sent to the same place again.
function refuseSecondUse(registry: MirrorRegistry, { name, url, id }: NewMirror & { id?: MirrorId }): void {
  const other = registry
    .list()
    .find((mirror) => mirror.url === url && mirror.name !== name && mirror.id !== id);
  if (other === undefined) return;
  throw new SignpostError('USAGE', `${quote(url)} is the URL of the mirror ${quote(other.name)} already`);
}

function createList(terminal: Terminal): Command {
  return createVerb('list', 'Show the mirrors.', [
    'signpost mirror list',
    'signpost mirror list --json',
  ]).action((options: CommonOptions) => {
    using parts = composeMirror(configOf(options));
    const mirrors = parts.registry.list();
    const states = parts.states.load();
    const table = formatTable([
      ['NAME', 'COUNTRY', 'WEIGHT', 'FOR', 'STATUS', 'URL'],
      ...mirrors.map((mirror) => [
        mirror.name,
        mirror.country,
        String(mirror.weight),
        mirror.private ? 'own netblocks' : mirror.onlyCountries.join(',') || 'everybody',
        describeStatus(mirror, states.get(mirror.id)),
        mirror.url,
      ]),
    ]);
    printResult(
      terminal,
      options,
      {
        mirrors: mirrors.map((mirror) => ({ ...toJson(mirror), state: stateToJson(states.get(mirror.id)) })),
      },
      mirrors.length === 0 ? ['There are no mirrors: add one with "signpost mirror add".'] : table,
    );
  });
}

function createRemove(terminal: Terminal): Command {
  return createVerb('remove', 'Remove a mirror for good.', ['signpost mirror remove uni-example'])
    .argument('<name>', 'the mirror')
    .action((name: string, options: CommonOptions) => {
      using parts = composeMirror(configOf(options));
      const mirror = findByName(parts.registry, name);
      parts.registry.remove(mirror.id);
      printMirror(terminal, options, 'removed', mirror);
    });
}

function createSwitch(terminal: Terminal, verb: string, enabled: boolean, summary: string): Command {
  return createVerb(verb, summary, [`signpost mirror ${verb} uni-example`])
    .argument('<name>', 'the mirror')
    .action((name: string, options: CommonOptions) => {
      using parts = composeMirror(configOf(options));
      const mirror = { ...findByName(parts.registry, name), enabled };
      parts.registry.update(mirror);
      printMirror(terminal, options, `${verb}d`, mirror);
    });
}

function findByName(registry: MirrorRegistry, name: string): Mirror {
  const mirror = registry.list().find((mirror) => mirror.name === name);
  if (mirror !== undefined) return mirror;
  throw new SignpostError(
    'NOT_FOUND',
    `there is no mirror named ${quote(name)}: "signpost mirror list" shows their names`,
  );
}

/** What the operator has ordered goes before what the server has seen. */
function describeStatus(mirror: Mirror, state: MirrorState | undefined): string {
  if (!mirror.enabled) return 'disabled';
  if (state === undefined) return 'not probed yet';
  return state.healthy ? `healthy, at ${state.serial}` : `down: ${state.reason ?? 'its last probe failed'}`;
}

function stateToJson(state: MirrorState | undefined) {
  if (state === undefined) return undefined;
  const { healthy, reason, since, serial, ipv4, ipv6 } = state;
  return { healthy, reason, since: new Date(since).toISOString(), serial, ipv4, ipv6 };
}

function toJson(mirror: Mirror) {
  return { id: mirror.id, ...describeMirror(mirror) };
}

function printMirror(terminal: Terminal, options: CommonOptions, done: string, mirror: Mirror): void {
  printResult(terminal, options, { [done]: toJson(mirror) }, [
    `${done} ${mirror.name}: ${mirror.url} (${mirror.country}, weight ${mirror.weight})`,
  ]);
}
