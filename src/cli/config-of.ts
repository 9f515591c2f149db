import type { CommonOptions } from './command.ts';
import { loadConfig } from './config.ts';
import type { Config } from './config-schema.ts';

/** The configuration that the common options name. Commands without one do not load what reads it: that takes a while. */
export function configOf(options: CommonOptions): Config {
  return loadConfig(options);
}
