import { createMemoryMirrorRegistry } from '../fakes/memory-mirror-registry.ts';
import { mirrorRegistryContract } from './mirror-registry.ts';

mirrorRegistryContract('in memory', () => ({ registry: createMemoryMirrorRegistry(), end: () => undefined }));
