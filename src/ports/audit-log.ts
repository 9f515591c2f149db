/** Who makes a change. Whatever changes something takes one, and writes it down in the same transaction. */
export interface Author {
  /** `token <id> (<label>)`, or `user <name>` at the command line. */
  readonly who: string;
  /** When, in milliseconds since the epoch. */
  readonly at: number;
}

/** What was done. */
export interface AuditedChange {
  /** `mirror.change`. */
  readonly action: string;
  /** What it was done to: a mirror's name, a token's id. */
  readonly subject: string;
  /** What was there before and what is there now, as JSON: the changed properties alone, when something was changed. */
  readonly before?: AuditValue;
  readonly after?: AuditValue;
}

export type AuditValue = Readonly<Record<string, unknown>>;

export interface AuditEntry extends Author, AuditedChange {
  /** Higher than that of every entry before it. */
  readonly number: number;
}

/** One reading gives at most this many entries. */
export const auditReadLimit = 500;
/** It ends with the entry whose `before` and `after`, and those of the entries above it, have this many bytes or more. */
export const auditReadSize = 512 * 1024;
/** `before` and `after` have at most this many bytes each as JSON; of a longer one only its size is kept. */
export const auditValueLimit = 64 * 1024;

/**
 * Who changed what. The ports that keep mirrors and tokens write it, each entry together with its change; what happens to
 * images is added when it is done. Nothing in it is ever changed or removed. Throws SignpostError STORAGE.
 */
export interface AuditLog {
  /** Writes down what was done elsewhere than in the database, all of it or nothing, in this order. */
  add(by: Author, changes: readonly AuditedChange[]): Promise<void>;
  /**
   * The newest entries below the number `before`, the newest first: none only when there are no more, and `limit` or
   * fewer, by {@link auditReadLimit} and {@link auditReadSize}.
   */
  read(limit: number, before?: number): Promise<readonly AuditEntry[]>;
}
