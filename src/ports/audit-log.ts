/** A change that somebody made. */
interface NewAuditEntry {
  /** When, in milliseconds since the epoch. */
  readonly at: number;
  /** Who: `token <id> (<label>)`, or `user <name>` at the command line. */
  readonly who: string;
  /** What was done: `mirror.change`. */
  readonly action: string;
  /** What it was done to: a mirror's name, a token's id. */
  readonly subject: string;
  /** What was there before and what is there now, as JSON: the changed properties alone, when something was changed. */
  readonly before?: AuditValue;
  readonly after?: AuditValue;
}

export type AuditValue = Readonly<Record<string, unknown>>;

export interface AuditEntry extends NewAuditEntry {
  /** Higher than that of every entry before it. */
  readonly number: number;
}

/** One reading gives at most this many entries. */
export const auditReadLimit = 500;
/** `before` and `after` have at most this many bytes each as JSON; of a longer one only its size is kept. */
export const auditValueLimit = 64 * 1024;

/** Who changed what. Nothing in it is ever changed or removed. Throws SignpostError STORAGE. */
export interface AuditLog {
  append(entry: NewAuditEntry): Promise<void>;
  /** The newest entries below the number `before`, the newest first; `limit` is at most {@link auditReadLimit}. */
  read(limit: number, before?: number): Promise<readonly AuditEntry[]>;
}
