import { join } from 'node:path';
import type { Config } from '../config/config-schema.ts';

/** Where the origin keeps what front ends fetch. */
export function snapshotFolder(config: Pick<Config, 'data'>): string {
  return join(config.data, 'front-ends');
}
