import type { MirrorId } from '../mirrors/mirror.ts';
import type { MirrorState } from '../mirrors/mirror-state.ts';

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

interface Told {
  healthy: boolean;
  at: number;
}

/**
 * Says what is to be told of mirrors. What was told last is compared with how things are once they have settled, so that
 * a mirror that goes in and out is told of seldom, and in the end rightly.
 */
export class MirrorNews {
  readonly #settings: NewsSettings;
  readonly #told: Map<MirrorId, Told>;

  /** @param before what is known from the time before: whether each mirror was healthy */
  constructor(settings: NewsSettings, before: ReadonlyMap<MirrorId, Pick<MirrorState, 'healthy'>>) {
    this.#settings = settings;
    this.#told = new Map([...before].map(([id, { healthy }]) => [id, { healthy, at: -Infinity }]));
  }

  /** @param now milliseconds since the epoch */
  look(states: ReadonlyMap<MirrorId, MirrorState>, now: number): readonly News[] {
    for (const id of this.#told.keys()) if (!states.has(id)) this.#told.delete(id);
    return [...states].flatMap(([id, state]) => (this.#isNews(id, state, now) ? [{ id, state }] : []));
  }

  #isNews(id: MirrorId, state: MirrorState, now: number): boolean {
    if (now - state.since < this.#settings.settle) return false;
    const told = this.#told.get(id);
    if (told === undefined) {
      // A new mirror: that it is in, or not yet, is nothing that happened to it.
      this.#told.set(id, { healthy: state.healthy, at: -Infinity });
      return false;
    }
    if (told.healthy === state.healthy || now - told.at < this.#settings.quiet) return false;
    this.#told.set(id, { healthy: state.healthy, at: now });
    return true;
  }
}
