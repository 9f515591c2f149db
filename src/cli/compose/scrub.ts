import { createFileContentInspector } from '../../adapters/file-content-inspector.ts';
import { type ScrubOptions, scrubContent } from '../../scrub/scrub-content.ts';
import type { ScrubReport } from '../../scrub/scrub-report.ts';
import type { Progress } from '../../ports/progress.ts';
import { composeContent } from './content.ts';
import type { StorageConfig } from './storage.ts';

/** Scrubs the data folder of `config`. */
export async function composeScrub(
  config: StorageConfig,
  options: ScrubOptions & { readonly progress: Progress },
): Promise<ScrubReport> {
  await using content = await composeContent(config, 'scrub');
  const inspector = createFileContentInspector(content.folders.data);
  return await scrubContent(
    { ...content, inspector, content: content.publishedContent, progress: options.progress },
    options,
  );
}
