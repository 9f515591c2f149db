import type { Command } from 'commander';
import { parseIpAddress } from '../../mirrors/address.ts';
import { chooseMirrors } from '../../mirrors/choose-mirrors.ts';
import type { Client } from '../../mirrors/eligibility.ts';
import { type ChoiceExplanation, explainChoice } from '../../mirrors/explain-choice.ts';
import { createMirrorTable } from '../../mirrors/mirror-table.ts';
import type { Place } from '../../mirrors/place.ts';
import { parseDigestReference } from '../../oci/reference.ts';
import type { PublishedBlob } from '../../ports/publications.ts';
import { type CommonOptions, type Terminal, configOf, createVerb, printResult } from '../command.ts';
import { composeExplain } from '../compose/explain.ts';
import { formatTable } from '../table.ts';

/** `signpost explain`: where a client would be sent for a blob, and why. */
export function createCommand(terminal: Terminal): Command {
  return createVerb(
    'explain',
    'Show where a client is sent for a blob, how it was placed, and why each other mirror is not chosen.\n' +
      'Every mirror is looked at, with what the running server last knew of it.',
    [
      'signpost explain 192.0.2.7 fedora/base@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
    ],
  )
    .argument('<address>', "the client's IP address")
    .argument('<blob>', 'the blob: <repository>@sha256:<hex>')
    .option('--http', 'as a client that came over plain HTTP: it may be sent to http mirrors')
    .action((addressText: string, blobText: string, options: CommonOptions & { readonly http?: boolean }) => {
      const { repository, digest } = parseDigestReference(blobText);
      const address = parseIpAddress(addressText);
      const config = configOf(options);
      using parts = composeExplain(config);
      const blob = parts.publications.findBlob(digest, repository);
      const wanted = { repository, digest, serial: blob?.serial ?? 0 };
      const client = { address, secure: options.http !== true, place: parts.places.find(address) };
      // A server that has never run has probed nothing: what would be chosen if all were well is still of use.
      const assumed = parts.states.size === 0;
      const state = { healthy: true, since: 0, serial: Infinity };
      const states = assumed ? new Map(parts.mirrors.map(({ id }) => [id, state])) : parts.states;
      const table = createMirrorTable(parts.mirrors, states);
      const choice = explainChoice(chooseMirrors(table, client, wanted, [], Infinity), client);
      const notes = notesOn(blob, config.registry.inlineSize, assumed && parts.mirrors.length > 0);
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
        describe(client, choice, notes),
      );
    });
}

function notesOn(blob: PublishedBlob | undefined, inlineSize: number, assumed: boolean): readonly string[] {
  return [
    ...(blob === undefined ? ['the repository has no such blob: clients are answered 404'] : []),
    ...(blob !== undefined && blob.size <= inlineSize
      ? [`the blob has ${blob.size} bytes, so it is served in place (registry.inlineSize is ${inlineSize})`]
      : []),
    ...(assumed ? ['no server has probed the mirrors yet: all are taken to be healthy and up to date'] : []),
  ];
}

function describe(
  { address, place, secure }: Client,
  { ranked, rejected }: ChoiceExplanation,
  notes: readonly string[],
): readonly string[] {
  const ranking = ranked.map(({ name, url, tier, distance, share, slowWeight }, at) => [
    String(at + 1),
    name,
    tier,
    distance === undefined ? '-' : `${distance} km`,
    `${Math.round(share * 1000) / 10} %${slowWeight === undefined ? '' : ` (slow: weight ${slowWeight})`}`,
    url,
  ]);
  return [
    `Client ${address} over ${secure ? 'https' : 'http'}: ${describePlace(place)}`,
    ...notes.map((note) => `Note: ${note}`),
    '',
    ...(ranking.length === 0
      ? ['No mirror qualifies: the origin serves the blob itself.']
      : formatTable([['', 'MIRROR', 'TIER', 'DISTANCE', 'SHARE', 'URL'], ...ranking])),
    ...(rejected.length === 0 ? [] : ['', 'Not chosen:']),
    ...formatTable(rejected.map(({ name, reason, detail }) => [name, reason, detail])),
  ];
}

function describePlace({ country, continent, asn, latitude, longitude, source }: Place): string {
  const parts = [
    country,
    continent,
    asn === undefined ? undefined : `AS${asn}`,
    latitude === undefined || longitude === undefined ? undefined : `near ${latitude},${longitude}`,
  ].filter((part) => part !== undefined);
  return parts.length === 0 ? `place unknown (${source})` : `${parts.join(', ')} (${source})`;
}
