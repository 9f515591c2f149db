import { readFileSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** A command line of Signpost that a page tells its readers to run. */
export interface DocumentedCommand {
  readonly page: string;
  readonly words: readonly string[];
}

const root = resolve(import.meta.dirname, '../..');

/** Every `signpost ...` line in the code blocks of the pages. Pages made from the code are left out. */
export function documentedCommands(): readonly DocumentedCommand[] {
  const pages = ['README.md', ...readdirSync(join(root, 'docs')).map((name) => `docs/${name}`)];
  return pages
    .filter((page) => page.endsWith('.md') && page !== 'docs/commands.md')
    .flatMap((page) => {
      const text = readFileSync(join(root, page), 'utf8');
      const blocks = [...text.matchAll(/^```(?:sh|console)\n([\s\S]*?)^```/gm)].map(
        (match) => match[1] ?? '',
      );
      return blocks
        .flatMap((block) => block.replaceAll('\\\n', ' ').split('\n'))
        .map((line) =>
          line
            .replace(/^\$ /, '')
            .replace(/(?:^|\s)#.*$/, '')
            .trim(),
        )
        .filter((line) => /^(?:bin\/)?signpost /.test(line))
        .map((line) => ({ page, words: line.split(/\s+/).slice(1) }));
    });
}
