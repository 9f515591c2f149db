/** The newest metadata that this machine has verified, by what it belongs to. Throws SignpostError STORAGE. */
export interface SeenMetadata {
  /** Bytes by the file's name; empty when nothing was seen. */
  find(name: string): Promise<ReadonlyMap<string, Uint8Array>>;
  /** Replaces all of them. Durable when it returns. */
  remember(name: string, files: ReadonlyMap<string, Uint8Array>): Promise<void>;
}
