import type { MirrorId } from '../../mirrors/mirror.ts';
import type { MirrorState } from '../../mirrors/mirror-state.ts';
import type { ToldMirror } from '../../ports/webhook-outbox.ts';

export interface NewsSettings {
  /** A mirror must have been in or out for so long before it is told. Milliseconds. */
  readonly settle: number;
  /** Between two messages of one mirror. Milliseconds. */
  readonly quiet: number;
}

/** A mirror that went out, or came back. */
export interface News {
  readonly id: MirrorId;
  readonly state: MirrorState;
}

export interface FoundNews {
  readonly news: readonly News[];
  readonly told: ReadonlyMap<MirrorId, ToldMirror>;
}

/**
 * Says what is to be told of mirrors. What was told last is compared with how things are once they have settled, so that
 * a mirror that goes in and out is told of seldom, and in the end rightly.
 */
export class MirrorNews {
  readonly #settings: NewsSettings;
  readonly #told: Map<MirrorId, ToldMirror>;

  /** @param before what was told last, as it was written down */
  constructor(settings: NewsSettings, before: ReadonlyMap<MirrorId, ToldMirror>) {
    this.#settings = settings;
    this.#told = new Map(before);
  }

  /**
   * @param now milliseconds since the epoch
   * @returns what is to be told, and what is to be written down for the next start
   */
  look(states: ReadonlyMap<MirrorId, MirrorState>, now: number): FoundNews {
    for (const id of this.#told.keys()) if (!states.has(id)) this.#told.delete(id);
    const news: News[] = [];
    const told = new Map<MirrorId, ToldMirror>();
    for (const [id, state] of states) {
      const next = this.#next(this.#told.get(id), state, now);
      if (next === undefined) continue;
      told.set(id, next);
      this.#told.set(id, next);
      if (next.at === now) news.push({ id, state });
    }
    return { news, told };
  }

  #next(told: ToldMirror | undefined, { healthy, since }: MirrorState, now: number): ToldMirror | undefined {
    if (now - since < this.#settings.settle) return undefined;
    // A new mirror: that it is in, or not yet, is nothing that happened to it.
    if (told === undefined) return { healthy, at: 0 };
    if (told.healthy === healthy || now - told.at < this.#settings.quiet) return undefined;
    return { healthy, at: now };
  }
}
