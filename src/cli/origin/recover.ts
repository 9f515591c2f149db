import { type Command, InvalidArgumentError } from 'commander';
import { SignpostError } from '../../oci/errors.ts';
import { describeMissing } from '../../origin/accept/place-publication.ts';
import { type CommonOptions, type Terminal, createVerb, printResult } from '../terminal/command.ts';
import { loadCheckedConfig } from '../checks/checked-config.ts';
import { type Found, type Recovered, composeRecover } from './compose-recover.ts';
import { confirm } from '../terminal/prompt.ts';

interface Options extends CommonOptions {
  readonly signerRecord?: string;
  readonly pastPublication: number;
  readonly pastRequest: number;
  readonly mirrors: boolean;
  readonly yes?: boolean;
}

/** `signpost recover`: goes on after an old copy of the database, or of everything, was put back. */
export function createCommand(terminal: Terminal): Command {
  return createVerb(
    'recover',
    'Recover after a restore of the database, or of the whole data folder, from an older backup. This compares the database ' +
      "with the tree, the mirrors and a copy of the signer's record, and names the images that the database lacks. Then it " +
      'raises the serials above every serial that was ever used, so that none is used twice. It changes nothing else: publish ' +
      'the lost images again. If a newer backup exists, restore that one instead (docs/backup.md).',
    ['signpost recover --signer-record signer.db', 'signpost recover --signer-record signer.db --yes --json'],
  )
    .option('--signer-record <file>', "copy of the signer's record, brought from the signer's machine")
    .option(
      '--past-publication <serial>',
      'publication serial that was used last, as far as you know',
      parseSerial,
      0,
    )
    .option(
      '--past-request <serial>',
      'request serial that was used last, as far as you know',
      parseSerial,
      0,
    )
    .option('--no-mirrors', 'do not ask the mirrors for their serials')
    .option('--yes', 'do not ask for confirmation')
    .action(async (options: Options) => {
      const result = await composeRecover(await loadCheckedConfig(options, 'publishing'), {
        signerRecord: options.signerRecord,
        operator: { publication: options.pastPublication, request: options.pastRequest },
        askMirrors: options.mirrors,
        signal: terminal.signal,
        agree: (found) => agree(terminal, options, found),
      });
      printResult(terminal, options, toJson(result), [
        ...(result.done && options.yes !== true ? [] : describeFound(result)),
        ...describeOutcome(result),
      ]);
      if (result.missing.length > 0) throw new SignpostError('STORAGE', describeMissing(result.missing));
      if (result.past !== undefined && !result.done)
        throw new SignpostError('CANCELLED', 'nothing was changed');
    });
}

async function agree(terminal: Terminal, options: Options, found: Found): Promise<boolean> {
  if (options.yes === true) return true;
  terminal.stderr.write(`${describeFound(found).join('\n')}\n`);
  return confirm(
    terminal,
    'Raise the serials?',
    'check what was found, then run the command again with --yes',
  );
}

function parseSerial(text: string): number {
  const serial = /^[0-9]{1,15}$/.test(text) ? Number(text) : 0;
  if (serial >= 1) return serial;
  throw new InvalidArgumentError('expected a serial: a whole number of at least 1.');
}

function describeFound({
  database,
  tree,
  mirrors,
  signer,
  disbelieved,
  unknown,
  signed,
}: Found): readonly string[] {
  const serials = mirrors.flatMap(({ name, serial }) => (serial === undefined ? [] : [{ name, serial }]));
  const silent = mirrors.filter(({ serial }) => serial === undefined).map(({ name }) => name);
  const furthest = serials.reduce((most, one) => (one.serial > most.serial ? one : most), {
    name: '',
    serial: -1,
  });
  return [
    `database: publication ${database.publication}, request ${database.request}`,
    `tree:     publication ${tree}`,
    furthest.serial < 0
      ? 'mirrors:  none has answered'
      : `mirrors:  publication ${furthest.serial} (${furthest.name}); ${serials.length} of ${mirrors.length} have answered`,
    ...(silent.length === 0 ? [] : [`          without an answer: ${silent.join(', ')}`]),
    ...disbelieved.map((name) => `          not believed, its serial is too high: ${name}`),
    signer === undefined
      ? 'signer:   not known: bring a copy of its record and name it with --signer-record'
      : `signer:   request ${signer}`,
    ...(unknown.length + signed.length === 0 ? [] : ['Missing from the database:']),
    ...signed.map(({ reference, list, serial }) => `  ${reference}  ${list}  (signed for request ${serial})`),
    ...unknown.map(
      ({ repository, digest, names }) =>
        `  ${repository}@${digest}${names.length === 0 ? '' : `  signed as ${names.join(', ')}`}`,
    ),
  ];
}

function describeOutcome({ done, past, unknown, signed }: Recovered): readonly string[] {
  if (past === undefined)
    return ['Nothing knows a higher serial than the database: there is nothing to recover.'];
  if (!done) return [];
  return [
    `The database and the tree are now at publication ${past.publication}, and the last request is ${past.request}.`,
    ...(unknown.length + signed.length === 0
      ? []
      : [
          'The lost images cannot be pulled by their tags any more, and mirrors will delete them: publish them again and have them signed.',
        ]),
  ];
}

function toJson({
  done,
  past,
  database,
  tree,
  mirrors,
  signer,
  disbelieved,
  unknown,
  signed,
  missing,
}: Recovered) {
  return {
    done,
    past: past ?? null,
    database,
    tree,
    mirrors: mirrors.map(({ name, serial }) => ({ name, serial: serial ?? null })),
    signer: signer ?? null,
    disbelieved,
    forgotten: { signed, listed: unknown },
    missing,
  };
}
