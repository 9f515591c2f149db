import type { MirrorId } from '../../mirrors/mirror.ts';

/** The mirrors that one client could be sent to, the best first. */
export type RankedMirrors = readonly { readonly mirror: { readonly id: MirrorId } }[];

/** How many of the latest clients count: they may be in several countries. */
const remembered = 16;

/** The mirrors that the latest clients of one mirror would be sent to if it went out. */
export class StandIns {
  readonly #rankings: RankedMirrors[] = [];
  #next = 0;

  /** Cheap: it is called for each client. */
  note(ranked: RankedMirrors): void {
    this.#rankings[this.#next] = ranked;
    this.#next = (this.#next + 1) % remembered;
  }

  of(gone: MirrorId): ReadonlySet<MirrorId> {
    const ids = new Set(this.#rankings.flatMap((ranked) => ranked.map(({ mirror }) => mirror.id)));
    ids.delete(gone);
    return ids;
  }
}
