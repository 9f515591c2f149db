import type { Command } from 'commander';
import type { AcceptResult } from '../../origin/accept/accept-bundle.ts';
import { describeImageRefusal } from '../../origin/accept/image-refusal.ts';
import { describeMissing } from '../../origin/accept/place-publication.ts';
import { SignpostError } from '../../oci/errors.ts';
import { formatTaggedReference } from '../../oci/reference.ts';
import { type CommonOptions, type Terminal, createVerb, printResult } from '../terminal/command.ts';
import { loadCheckedConfig } from '../checks/checked-config.ts';
import { createCountLine } from '../terminal/count-line.ts';
import { type FolderOutcome, acceptFolder } from './accept-folder.ts';
import { composeAccept } from './compose-accept.ts';
import { plural } from '../terminal/plural.ts';
import { composeProgress } from '../terminal/progress.ts';
import { formatTime } from '../../text/format-time.ts';

/** `signpost accept`: verifies a signature bundle and publishes what it signs. */
export function createCommand(terminal: Terminal): Command {
  return createVerb(
    'accept',
    'Verify a signature bundle with the configured keys, and publish the images that it signs, in one step. When ' +
      'the argument is a folder, each bundle in it ("*.bundle") is verified in turn and moved to "accepted" or "refused" there.',
    ['signpost accept signature-bundle-7-89ABCDEF.bundle', 'signpost accept /var/spool/signpost/bundles'],
  )
    .argument('<bundle>', 'file that "signpost sign" wrote, or a folder with such files')
    .action(async (bundle: string, options: CommonOptions) => {
      const acceptOne = (file: string) => accept(terminal, options, file);
      const outcomes = await acceptFolder(bundle, acceptOne, refusalsIn, terminal.signal);
      if (outcomes !== undefined) return tellAll(terminal, options, outcomes);
      const result = await acceptOne(bundle);
      printResult(terminal, options, toJson(result), describe(result));
      if (result.missing.length > 0) throw new SignpostError('STORAGE', describeMissing(result.missing));
      if (result.refused.length === 0) return refuseMetadata(result);
      const all = result.published.length + result.waiting.length + result.refused.length;
      throw new SignpostError('TRUST', `refused ${result.refused.length} of ${plural(all, 'image')}`);
    });
}

function tellAll(terminal: Terminal, options: CommonOptions, outcomes: readonly FolderOutcome[]): void {
  printResult(
    terminal,
    options,
    {
      bundles: outcomes.map(({ name, result, reasons }) => ({
        name,
        accepted: reasons.length === 0,
        ...(result === undefined ? {} : toJson(result)),
        reasons,
      })),
    },
    outcomes.length === 0
      ? ['There is no bundle in the folder.']
      : outcomes.flatMap(({ name, result, reasons }) => [
          `${name}: ${reasons.length === 0 ? 'accepted' : 'refused'}`,
          ...(result === undefined ? reasons : describe(result)).map((line) => `  ${line}`),
        ]),
  );
  const refused = outcomes.filter(({ reasons }) => reasons.length > 0).length;
  if (refused === 0) return;
  throw new SignpostError('TRUST', `refused ${refused} of ${plural(outcomes.length, 'bundle')}`);
}

/** Why a bundle was not accepted as a whole. */
function refusalsIn({ refused, metadata }: AcceptResult): readonly string[] {
  return [
    ...refused.map((image) => `${formatTaggedReference(image)}: ${describeImageRefusal(image.reason)}`),
    ...metadata.filter((outcome) => 'refused' in outcome).map(describeMetadata),
  ];
}

async function accept(terminal: Terminal, options: CommonOptions, bundle: string): Promise<AcceptResult> {
  const { signal } = terminal;
  // One document is what programs get: they are told nothing in between.
  using progress = options.json === true ? undefined : composeProgress(terminal, false);
  const watched =
    progress === undefined
      ? { signal }
      : {
          signal,
          progress,
          onVerified: createCountLine(terminal, 'images verified'),
          onPlaced: createCountLine(terminal, 'files placed'),
        };
  return await composeAccept(await loadCheckedConfig(options, 'publishing'), bundle, watched);
}

function refuseMetadata({ metadata }: AcceptResult): void {
  const refused = metadata.filter((outcome) => 'refused' in outcome);
  if (refused.length === 0) return;
  throw new SignpostError(
    'TRUST',
    `refused ${refused.length} of ${plural(metadata.length, 'set')} of metadata`,
  );
}

function describeMetadata(outcome: AcceptResult['metadata'][number]): string {
  const name = [outcome.format, outcome.collection].filter((part) => part !== undefined).join(' ');
  return 'refused' in outcome
    ? `refused    ${name}: ${outcome.refused}`
    : `placed     ${name}: ${plural(outcome.placed, 'file')}, valid until ${formatTime(outcome.expires)}`;
}

function describe({ serial, published, waiting, refused, metadata, clock }: AcceptResult): readonly string[] {
  return [
    ...published.map(
      (image) =>
        `published  ${formatTaggedReference(image)}  ${image.list}, signed until ${formatTime(image.expires)}` +
        (image.expiresSoon ? ' (SOON: renew the signatures)' : ''),
    ),
    ...waiting.map(
      (image) =>
        `waiting    ${formatTaggedReference(image)}: ${image.have} of ${image.need} keys have signed`,
    ),
    ...refused.map(
      (image) => `refused    ${formatTaggedReference(image)}: ${describeImageRefusal(image.reason)}`,
    ),
    ...metadata.map(describeMetadata),
    ...(clock === undefined ? [] : [`Note: ${clock}.`]),
    serial === undefined ? 'Nothing was published.' : `The tree is at serial ${serial}.`,
  ];
}

function toJson({ serial, published, waiting, refused, metadata, missing, clock }: AcceptResult): object {
  return {
    serial: serial ?? null,
    published: published.map((image) => ({ ...image, expires: formatTime(image.expires) })),
    waiting,
    missing,
    refused: refused.map((image) => ({ ...image, message: describeImageRefusal(image.reason) })),
    clock,
    metadata: metadata.map((outcome) =>
      'refused' in outcome ? outcome : { ...outcome, expires: formatTime(outcome.expires) },
    ),
  };
}
