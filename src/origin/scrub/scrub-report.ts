/** Something that is wrong, or only worth knowing. */
export interface Finding {
  /** The file, tag or blob that it is about. */
  readonly where: string;
  readonly what: string;
}

export interface ScrubReport {
  /** Files looked at, and bytes hashed. */
  readonly files: number;
  readonly bytes: number;
  /** What must not be. */
  readonly problems: readonly Finding[];
  /** What may be: leftovers of interrupted commands. */
  readonly notices: readonly Finding[];
  readonly repaired: readonly Finding[];
  /** All of each kind, since only the first of them are listed. */
  readonly counts: { readonly problems: number; readonly notices: number; readonly repaired: number };
}

const listed = 1000;

/** Collects findings; the first thousand of each kind are kept, so that a ruined disk does not fill the memory too. */
export class ScrubFindings {
  readonly #found = { problems: [] as Finding[], notices: [] as Finding[], repaired: [] as Finding[] };
  readonly #counts = { problems: 0, notices: 0, repaired: 0 };

  problem(where: string, what: string): void {
    this.#add('problems', where, what);
  }

  notice(where: string, what: string): void {
    this.#add('notices', where, what);
  }

  repaired(where: string, what: string): void {
    this.#add('repaired', where, what);
  }

  /** Whether nothing was found so far that must not be. */
  isSound(): boolean {
    return this.#counts.problems === 0;
  }

  report(files: number, bytes: number): ScrubReport {
    return { files, bytes, ...this.#found, counts: this.#counts };
  }

  #add(kind: 'problems' | 'notices' | 'repaired', where: string, what: string): void {
    this.#counts[kind]++;
    if (this.#found[kind].length < listed) this.#found[kind].push({ where, what });
  }
}
