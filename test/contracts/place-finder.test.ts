import { createTablePlaceFinder } from '../fakes/table-place-finder.ts';
import { placeFinderContract } from './place-finder.ts';

placeFinderContract('in memory', async (known) => ({
  finder: createTablePlaceFinder(
    known.map(({ netblock, country }) => ({ netblock, place: { country, source: 'table' } })),
  ),
  end: () => undefined,
}));
