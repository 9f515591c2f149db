import { join } from 'node:path';
import { openDatabaseForReading } from '../../adapters/sqlite/database.ts';
import { createMirrorRegistry } from '../../adapters/sqlite/mirror-registry.ts';
import { createMirrorStates } from '../../adapters/sqlite/mirror-states.ts';
import { createSqlitePublications } from '../../adapters/sqlite/publications.ts';
import type { Mirror, MirrorId } from '../../mirrors/mirror.ts';
import type { MirrorState } from '../../mirrors/mirror-state.ts';
import type { PlaceFinder } from '../../ports/place-finder.ts';
import type { Publications } from '../../ports/publications.ts';
import type { Config } from '../config-schema.ts';
import { composePlaceFinder } from './places.ts';

export interface ExplainParts extends Disposable {
  readonly places: PlaceFinder;
  readonly mirrors: readonly Mirror[];
  /** As the server last saw them. */
  readonly states: ReadonlyMap<MirrorId, MirrorState>;
  readonly publications: Pick<Publications, 'findBlob'>;
}

/** What `signpost explain` works with. It changes nothing. */
export function composeExplain(config: Config): ExplainParts {
  const places = composePlaceFinder(config);
  const database = openDatabaseForReading(join(config.data, 'signpost.db'));
  return {
    places,
    mirrors: createMirrorRegistry(database).list(),
    states: createMirrorStates(database).load(),
    publications: createSqlitePublications(database, { now: () => 0 }),
    [Symbol.dispose]: () => database.close(),
  };
}
