import { join } from 'node:path';
import { createFileTreeReader } from '../../adapters/tree/file-tree-reader.ts';
import { createSystemClock } from '../../adapters/time/system-clock.ts';
import type { Mirror, MirrorId } from '../../mirrors/mirror.ts';
import type { MirrorState } from '../../mirrors/mirror-state.ts';
import type { PlaceFinder } from '../../ports/place-finder.ts';
import type { Publications } from '../../ports/publications.ts';
import type { TreeReader } from '../../ports/tree.ts';
import type { Config } from '../config/config-schema.ts';
import { refuseFrontEnd } from '../config/refuse-front-end.ts';
import { composePlaceFinder } from '../config/places.ts';
import { openStorage } from '../records/storage.ts';

export interface ExplainParts extends AsyncDisposable {
  readonly places: PlaceFinder;
  readonly mirrors: readonly Mirror[];
  /** As the server last saw them. */
  readonly states: ReadonlyMap<MirrorId, MirrorState>;
  readonly publications: Pick<Publications, 'findBlob' | 'findTag'>;
  readonly tree: Pick<TreeReader, 'readManifest'>;
}

/** What `signpost explain` works with. It changes nothing. */
export async function composeExplain(config: Config): Promise<ExplainParts> {
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
