import type { MirrorId } from '../mirrors/mirror.ts';

/** What people were told of a mirror last. */
export interface ToldMirror {
  readonly healthy: boolean;
  /** When, in milliseconds since the epoch; 0 when nothing was told yet and this is how things were found. */
  readonly at: number;
}

/** A message that is to be sent to one receiver. */
export interface WebhookMessage {
  /** The same for each try, so that a receiver can tell a repetition. */
  readonly id: string;
  readonly mirror: MirrorId;
  /** Which receiver: not its address, which may hold a secret. */
  readonly receiver: string;
  /** JSON. */
  readonly body: string;
}

/** Messages that wait to be sent, so that they outlast a restart. Throws SignpostError STORAGE. */
export interface WebhookOutbox {
  /** `waiting` in the order in which they were put. */
  load(): Promise<{
    readonly told: ReadonlyMap<MirrorId, ToldMirror>;
    readonly waiting: readonly WebhookMessage[];
  }>;
  /** What is told now, and the messages that tell it: all or nothing. Mirrors that were removed are left out. */
  put(told: ReadonlyMap<MirrorId, ToldMirror>, messages: readonly WebhookMessage[]): Promise<void>;
  /** A message has been delivered or given up. */
  remove(id: string): Promise<void>;
}
