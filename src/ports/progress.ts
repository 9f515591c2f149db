/** Where a long job tells how far it is. */
export interface Progress {
  /** Announces work: `bytes` is what there is to do under `label`. Announcing a label again changes its total. */
  start(label: string, bytes: number): void;
  /** `bytes` more of `label` are done. */
  advance(label: string, bytes: number): void;
  /** `label` is finished; `note` says how, when it is not the plain way ("already there", "resumed"). */
  finish(label: string, note?: string): void;
}
