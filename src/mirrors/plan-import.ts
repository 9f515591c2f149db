import { quote } from '../oci/digest.ts';
import { SignpostError, isSignpostError } from '../oci/errors.ts';
import { describeMirror } from './mirror-description.ts';
import type { Mirror, MirrorId, NewMirror } from './mirror.ts';
import { type MirrorInput, changeMirror, parseMirror } from './parse-mirror.ts';
import type { AllowedAddresses } from './parse-mirror-url.ts';
import { type ConflictOptions, refuseConflicts } from './refuse-conflicts.ts';

/** A mirror of a file: what a person writes of it, and whether it is switched on. */
export interface ImportedMirror extends MirrorInput {
  readonly enabled?: boolean | undefined;
  readonly approved?: boolean | undefined;
}

/** What a file changes. */
export interface ImportPlan {
  readonly added: readonly NewMirror[];
  readonly changed: readonly { readonly before: Mirror; readonly after: Mirror }[];
  /** The names of those that are what the file says already. */
  readonly unchanged: readonly string[];
}

/**
 * What has to be done so that all mirrors of a file are as it says: those that are there by name keep what it does not
 * name, and other mirrors are left alone. It is judged as a whole, before anything is done.
 * @throws SignpostError USAGE, naming the mirror, the value and what was expected
 */
export function planImport(
  present: readonly Mirror[],
  imported: readonly ImportedMirror[],
  allowed: AllowedAddresses,
  options: ConflictOptions,
): ImportPlan {
  const all = new Map<string, Mirror>(present.map((mirror) => [mirror.name, mirror]));
  const seen = new Set<string>();
  const [added, changed, unchanged]: [NewMirror[], ImportPlan['changed'][number][], string[]] = [[], [], []];
  for (const { enabled, approved, ...input } of imported) {
    const { name } = input;
    if (seen.has(name)) throw new SignpostError('USAGE', `the mirror ${quote(name)} is there twice`);
    seen.add(name);
    const switches = {
      ...(enabled === undefined ? {} : { enabled }),
      ...(approved === undefined ? {} : { approved }),
    };
    const before = all.get(name);
    try {
      if (before === undefined) {
        const mirror = { ...parseMirror(input, allowed), ...switches };
        added.push(mirror);
        // A number that no mirror of the registry has: it is compared with the others until it gets its own.
        all.set(name, { ...mirror, id: -added.length as MirrorId });
        continue;
      }
      const after = { ...changeMirror(before, input, allowed), ...switches };
      all.set(name, after);
      if (JSON.stringify(describeMirror(after)) === JSON.stringify(describeMirror(before)))
        unchanged.push(name);
      else changed.push({ before, after });
    } catch (error) {
      throw named(name, error);
    }
  }
  // Against each other, as they will be.
  const after = [...all.values()];
  for (const mirror of after.filter(({ name }) => seen.has(name) && !unchanged.includes(name))) {
    try {
      refuseConflicts(after, mirror, options);
    } catch (error) {
      throw named(mirror.name, error);
    }
  }
  return { added, changed, unchanged };
}

function named(name: string, error: unknown): unknown {
  if (!isSignpostError(error)) return error;
  return new SignpostError(error.code, `the mirror ${quote(name)}: ${error.message}`, { cause: error });
}
