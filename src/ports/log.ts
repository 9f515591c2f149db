/** Structured logs: an event in a few words, and its fields. Secrets never go in. */
export interface Log {
  debug(event: string, fields?: Readonly<Record<string, unknown>>): void;
  info(event: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(event: string, fields?: Readonly<Record<string, unknown>>): void;
  error(event: string, fields?: Readonly<Record<string, unknown>>): void;
  /** Whether `info` is kept, so that lines nobody wants are not made. A log that does not say keeps all. */
  keepsInfo?(): boolean;
}
