import { readPresent } from '../../accept/present-envelopes.ts';
import type { PublishedTag } from '../../ports/publications.ts';
import { type Status, readStatus } from '../../status/read-status.ts';
import type { Config } from '../config-schema.ts';
import { composeContent } from './content.ts';
import { createRuleFinder } from './repository-rules.ts';

/** How long the signatures of everything that is published still live. Takes no lock: it only reads. */
export async function composeStatus(config: Config): Promise<Status> {
  using content = composeContent(config, 'status');
  const findRule = createRuleFinder(config.repositories, content.clock);
  const present = { treeReader: content.tree, publications: content.publications };
  const createdOf = async ({ repository, list, requestSerial }: PublishedTag) => {
    const times: number[] = [];
    for (const { reader } of (await findRule(repository))?.formats ?? []) {
      const { envelopes } = await readPresent(present, reader.format, repository, list);
      for (const envelope of envelopes) {
        const evidence = await reader.read(envelope);
        if (evidence.kind === 'signed' && evidence.serial === requestSerial) times.push(evidence.created);
      }
    }
    return times.length === 0 ? undefined : Math.min(...times);
  };
  return await readStatus({ ...content, createdOf });
}
