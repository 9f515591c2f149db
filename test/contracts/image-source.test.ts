import { buildFourPlatforms, buildImage } from '../fakes/image-builder.ts';
import { createMemoryImageSource } from '../fakes/memory-image-source.ts';
import { imageSourceContract } from './image-source.ts';

for (const [name, built] of [
  ['in memory, a list', buildFourPlatforms()],
  ['in memory, one image', buildImage({ layers: [{ a: 'a' }, { b: 'b' }], docker: true })],
] as const) {
  imageSourceContract(
    name,
    () => Promise.resolve({ source: createMemoryImageSource(built), end: () => Promise.resolve() }),
    built,
  );
}
