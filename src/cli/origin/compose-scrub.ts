import { findUnknown, moveOn } from '../../origin/recover/move-on.ts';
import { planRecovery } from '../../origin/recover/plan-recovery.ts';
import { createFileContentInspector } from '../../adapters/tree/file-content-inspector.ts';
import { type ScrubOptions, scrubContent } from '../../origin/scrub/scrub-content.ts';
import type { ScrubReport } from '../../origin/scrub/scrub-report.ts';
import type { Progress } from '../../ports/progress.ts';
import { type Content, composeContent } from '../records/content.ts';
import type { StorageConfig } from '../records/postgres-storage.ts';

/** Scrubs the data folder of `config`. */
export async function composeScrub(
  config: StorageConfig,
  options: ScrubOptions & { readonly progress: Progress },
): Promise<ScrubReport> {
  await using content = await composeContent(config, 'scrub');
  const inspector = createFileContentInspector(content.folders.data);
  return await scrubContent(
    {
      ...content,
      inspector,
      content: content.publishedContent,
      progress: options.progress,
      moveOn: () => moveOnFromTree(content),
    },
    options,
  );
}

/** Goes on from what the tree alone knows. */
async function moveOnFromTree(content: Content) {
  const [given, { serial: tree }] = [await content.serials.given(), await content.listed.read()];
  const { past = given } = planRecovery({
    given,
    tree,
    mirrors: [],
    signer: undefined,
    operator: { publication: 0, request: 0 },
  });
  const forgotten = await findUnknown(content);
  return { serial: past.publication, missing: await moveOn(content, past), forgotten };
}
