import { type Platform } from '../../../oci/platform.ts';
import { type SourceFiles } from '../source-files.ts';
import { type TemporaryFolder } from '../temporary-folder.ts';
import { type ArchiveSelector } from './docker-manifest.ts';

export interface DockerArchiveOptions {
  readonly name: string;
  readonly files: SourceFiles;
  readonly selector: ArchiveSelector & { readonly platforms?: readonly Platform[] };
  /** Ends whatever the source is doing. */
  readonly signal: AbortSignal;
  readonly temporary: TemporaryFolder;
  /** Bytes of one layer after decompression. */
  readonly layerLimit: number;
}
