import { join } from 'node:path';
import type { Command } from 'commander';
import { parseIpAddress } from '../../net/address.ts';
import { chooseMirrors } from '../../mirrors/choose-mirrors.ts';
import { describeChoice, describeInPlace } from '../../server/pull/describe-choice.ts';
import { explainChoice } from '../../server/pull/explain-choice.ts';
import { createMirrorTable } from '../../mirrors/mirror-table.ts';
import { type Platform, parsePlatform } from '../../oci/platform.ts';
import { parseDigestReference, parseTaggedReference } from '../../oci/reference.ts';
import type { Publications, PublishedBlob } from '../../ports/publications.ts';
import { createFileTreeReader } from '../../adapters/tree/file-tree-reader.ts';
import { createSystemClock } from '../../adapters/time/system-clock.ts';
import type { Mirror, MirrorId } from '../../mirrors/mirror.ts';
import type { MirrorState } from '../../mirrors/mirror-state.ts';
import type { PlaceFinder } from '../../ports/place-finder.ts';
import type { TreeReader } from '../../ports/tree.ts';
import { findBlobOfTag } from './blob-of-tag.ts';
import { type CommonOptions, type Terminal, createVerb, printResult } from '../terminal/command.ts';
import { loadConfig } from '../config/config.ts';
import type { Config } from '../config/config-schema.ts';
import { refuseFrontEnd } from '../config/refuse-front-end.ts';
import { composePlaceFinder } from '../config/places.ts';
import { openStorage } from '../records/storage.ts';

/** `signpost explain`: where a client would be sent for a blob, and why. */
export function createCommand(terminal: Terminal): Command {
  return createVerb(
    'explain',
    'Show which mirror a client is sent to for a blob, where the client is taken to be, and why each other mirror is not chosen. ' +
      'This uses the last probe results of the running server.',
    [
      'signpost explain 192.0.2.7 fedora/base:41',
      'signpost explain 192.0.2.7 fedora/base@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
    ],
  )
    .argument('<address>', "the client's IP address")
    .argument('<blob>', '<repository>@sha256:<hex>, or <repository>:<tag> for the largest blob of the image')
    .option('--platform <platform>', 'with <repository>:<tag>: the image for this platform', parsePlatform)
    .option('--http', 'as for a client that uses plain HTTP, which may be sent to http mirrors')
    .action(async (addressText: string, blobText: string, options: ExplainOptions) => {
      const named = parseNamed(blobText);
      const address = parseIpAddress(addressText);
      const config = loadConfig(options);
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
      const table = createMirrorTable(parts.mirrors, states, config.mirrors.maxShare);
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

interface ExplainParts extends AsyncDisposable {
  readonly places: PlaceFinder;
  readonly mirrors: readonly Mirror[];
  /** As the server last saw them. */
  readonly states: ReadonlyMap<MirrorId, MirrorState>;
  readonly publications: Pick<Publications, 'findBlob' | 'findTag'>;
  readonly tree: Pick<TreeReader, 'readManifest'>;
}

/** What `signpost explain` works with. It changes nothing. */
async function composeExplain(config: Config): Promise<ExplainParts> {
  refuseFrontEnd(config);
  const places = await composePlaceFinder(config);
  await using opened = new AsyncDisposableStack();
  const storage = opened.use(await openStorage(config, createSystemClock()));
  const parts = {
    places,
    mirrors: await storage.mirrorRegistry.list(),
    states: await storage.mirrorStates.load(),
    publications: storage.publications,
    tree: createFileTreeReader(join(config.data, 'tree')),
  };
  const open = opened.move();
  return { ...parts, [Symbol.asyncDispose]: () => open.disposeAsync() };
}
