import type { Command } from 'commander';
import { parseIpAddress } from '../../net/address.ts';
import { chooseMirrors } from '../../mirrors/choose-mirrors.ts';
import { describeChoice, describeInPlace } from '../../server/pull/describe-choice.ts';
import { explainChoice } from '../../server/pull/explain-choice.ts';
import { createMirrorTable } from '../../mirrors/mirror-table.ts';
import { type Platform, parsePlatform } from '../../oci/platform.ts';
import { parseDigestReference, parseTaggedReference } from '../../oci/reference.ts';
import type { PublishedBlob } from '../../ports/publications.ts';
import { findBlobOfTag } from './blob-of-tag.ts';
import { type CommonOptions, type Terminal, createVerb, printResult } from '../terminal/command.ts';
import { configOf } from '../config/config-of.ts';
import { composeExplain } from './compose-explain.ts';

/** `signpost explain`: where a client would be sent for a blob, and why. */
export function createCommand(terminal: Terminal): Command {
  return createVerb(
    'explain',
    'Show where a client is sent for a blob, how it was placed, and why each other mirror is not chosen.\n' +
      'Every mirror is looked at, with what the running server last knew of it.',
    [
      'signpost explain 192.0.2.7 fedora/base:41',
      'signpost explain 192.0.2.7 fedora/base@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
    ],
  )
    .argument('<address>', "the client's IP address")
    .argument('<blob>', 'the blob: <repository>@sha256:<hex>; or <repository>:<tag> for its largest blob')
    .option('--platform <platform>', 'of a tag, the image for this platform', parsePlatform)
    .option('--http', 'as a client that came over plain HTTP: it may be sent to http mirrors')
    .action(async (addressText: string, blobText: string, options: ExplainOptions) => {
      const named = parseNamed(blobText);
      const address = parseIpAddress(addressText);
      const config = configOf(options);
      await using parts = await composeExplain(config);
      const { repository } = named;
      const { digest, note } =
        'digest' in named
          ? { ...named, note: undefined }
          : await findBlobOfTag(parts, named, options.platform);
      const blob = await parts.publications.findBlob(digest, repository);
      const wanted = { repository, digest, serial: blob?.serial ?? 0 };
      const client = { address, secure: options.http !== true, place: parts.places.find(address) };
      // A server that has never run has probed nothing: what would be chosen if all were well is still of use.
      const assumed = parts.states.size === 0;
      const state = { healthy: true, since: 0, serial: Infinity };
      const states = assumed ? new Map(parts.mirrors.map(({ id }) => [id, state])) : parts.states;
      const table = createMirrorTable(parts.mirrors, states, config.mirrors.greatestShare);
      const choice = explainChoice(chooseMirrors(table, client, wanted, [], Infinity), client);
      const notes = [
        ...(note === undefined ? [] : [note]),
        ...notesOn(blob, config.registry.inlineSize, assumed && parts.mirrors.length > 0),
      ];
      printResult(
        terminal,
        options,
        {
          client,
          blob: { ...wanted, published: blob !== undefined, size: blob?.size },
          states: assumed ? 'assumed' : 'last seen',
          notes,
          ...choice,
        },
        describeChoice(client, choice, notes),
      );
    });
}

interface ExplainOptions extends CommonOptions {
  readonly http?: boolean;
  readonly platform?: Platform;
}

function parseNamed(text: string) {
  return text.includes('@') ? parseDigestReference(text) : parseTaggedReference(text);
}

function notesOn(blob: PublishedBlob | undefined, inlineSize: number, assumed: boolean): readonly string[] {
  return [
    ...(blob === undefined ? ['the repository has no such blob: clients are answered 404'] : []),
    ...(blob !== undefined && blob.size <= inlineSize ? [describeInPlace(blob.size, inlineSize)] : []),
    ...(assumed ? ['no server has probed the mirrors yet: all are taken to be healthy and up to date'] : []),
  ];
}
