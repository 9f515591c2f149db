import { isMetadataFormat } from '../../trust/metadata-file.ts';
import type { SignatureFormat } from '../../trust/signature-format.ts';
import type { Config } from '../config/config-schema.ts';
import type { Conflict } from '../config/config-conflicts.ts';
import { openFormatReader } from '../trust/format-readers.ts';
import { messageOf } from './file-checks.ts';

type Rule = Config['repositories'][number];

const settings = {
  simple: 'keys',
  cosign: 'cosignKeys',
  sigstore: 'cosignKeys',
  notation: 'notationRoots',
} as const satisfies Record<SignatureFormat, keyof Rule>;

/**
 * What is wrong with the keys of a rule: files that cannot be read or hold no key that could sign, and fewer keys than
 * must sign. Many rules have the same keys: each set is read once.
 * @param at where the rule is in the file
 */
export function createRuleChecker(): (rule: Rule, at: number) => Promise<readonly Conflict[]> {
  const known = new Map<string, Promise<KeySet>>();
  const keysOf = (format: SignatureFormat, files: readonly string[]) => {
    const name = JSON.stringify([format, files]);
    const set = known.get(name) ?? readKeySet(format, files);
    known.set(name, set);
    return set;
  };
  return async (rule, at) => {
    const problems = new Map<string, Conflict>();
    for (const format of rule.formats) {
      if (isMetadataFormat(format)) continue;
      const setting = settings[format];
      const { count, wrong } = await keysOf(format, rule[setting]);
      for (const { index, message } of wrong) {
        const place = index === undefined ? [setting] : [setting, index];
        // Two formats may have the same keys.
        problems.set(place.join('.'), { path: ['repositories', at, ...place], message });
      }
      if (wrong.length > 0 || count >= rule.threshold) continue;
      problems.set('threshold', {
        path: ['repositories', at, 'threshold'],
        message: `${rule.threshold} different keys must sign, but "${setting}" has ${count}`,
      });
    }
    return [...problems.values()];
  };
}

interface KeySet {
  readonly count: number;
  readonly wrong: readonly { readonly index: number | undefined; readonly message: string }[];
}

async function readKeySet(format: SignatureFormat, files: readonly string[]): Promise<KeySet> {
  const read = (some: readonly string[]) => openFormatReader(format, some);
  try {
    return { count: new Set((await read(files)).fingerprints).size, wrong: [] };
  } catch (error) {
    // Which of them is it? Together they may hold what one alone does not.
    const wrong = [];
    for (const [index, file] of files.entries()) {
      const message = await read([file]).then(() => undefined, messageOf);
      if (message !== undefined) wrong.push({ index, message });
    }
    return { count: 0, wrong: wrong.length > 0 ? wrong : [{ index: undefined, message: messageOf(error) }] };
  }
}
