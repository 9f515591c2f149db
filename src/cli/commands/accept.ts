import type { Command } from 'commander';
import type { AcceptResult } from '../../accept/accept-bundle.ts';
import { describeImageRefusal } from '../../accept/image-refusal.ts';
import { SignpostError } from '../../oci/errors.ts';
import { formatTaggedReference } from '../../oci/reference.ts';
import { type CommonOptions, type Terminal, configOf, createVerb, printResult } from '../command.ts';
import { composeAccept } from '../compose/accept.ts';

/** `signpost accept`: verifies a signature bundle and publishes what it signs. */
export function createCommand(terminal: Terminal): Command {
  return createVerb(
    'accept',
    'Verify a signature bundle against the configured keys and publish what it signs, in one step.',
    ['signpost accept signature-bundle-7-89ABCDEF.jsonl'],
  )
    .argument('<bundle>', 'file that "signpost sign" wrote')
    .action(async (bundle: string, options: CommonOptions) => {
      const result = await composeAccept(configOf(options), bundle);
      printResult(terminal, options, toJson(result), describe(result));
      if (result.refused.length === 0) return;
      const all = result.published.length + result.waiting.length + result.refused.length;
      throw new SignpostError('TRUST', `${result.refused.length} of ${all} images were refused`);
    });
}

function describe({ serial, published, waiting, refused }: AcceptResult): readonly string[] {
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
    serial === undefined ? 'Nothing was published.' : `The tree is at serial ${serial}.`,
  ];
}

function toJson({ serial, published, waiting, refused }: AcceptResult): object {
  return {
    serial: serial ?? null,
    published: published.map((image) => ({ ...image, expires: formatTime(image.expires) })),
    waiting,
    refused: refused.map((image) => ({ ...image, message: describeImageRefusal(image.reason) })),
  };
}

function formatTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
