import type { CommonOptions } from '../terminal/command.ts';
import { type LoadedConfig, loadConfig } from './config.ts';

/** The configuration that the common options name. Commands without one do not load what reads it: that takes a while. */
export function configOf(options: CommonOptions): LoadedConfig {
  return loadConfig(options);
}
