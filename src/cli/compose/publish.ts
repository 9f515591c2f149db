import { makeFolder } from '../../adapters/atomic-file.ts';
import { createProgressBar } from '../../adapters/progress-bar.ts';
import { createProgressEvents, createProgressLines } from '../../adapters/progress-lines.ts';
import { openImageSource } from '../../adapters/source/open-image-source.ts';
import type { ImageSourceOptions } from '../../adapters/source/source-options.ts';
import { createSystemClock } from '../../adapters/system-clock.ts';
import type { ImageSourceName } from '../../oci/image-source-name.ts';
import type { TaggedReference } from '../../oci/reference.ts';
import { contentLock } from '../../ports/lock.ts';
import type { Progress } from '../../ports/progress.ts';
import { type PublishOptions, publishImage, type PublishResult } from '../../publish/publish-image.ts';
import type { Terminal } from '../command.ts';
import type { Config } from '../config-schema.ts';
import { composeContent } from './content.ts';

/** Copies one image into the staging area of `config`. */
export async function composePublish(
  config: Pick<Config, 'data'>,
  source: ImageSourceName,
  target: TaggedReference,
  options: PublishOptions & {
    readonly progress: Progress;
    readonly signal: AbortSignal;
    readonly source: Pick<ImageSourceOptions, 'credentialFiles' | 'tls'>;
  },
): Promise<PublishResult> {
  using content = composeContent(config, 'publish');
  using _held = content.lock.acquire(contentLock);
  await makeFolder(content.folders.temporary);
  const opened = await openImageSource(
    source,
    { ...options.source, temporaryFolder: content.folders.temporary },
    options.signal,
  );
  try {
    return await publishImage({ ...content, progress: options.progress }, opened, target, options);
  } finally {
    await opened.close();
  }
}

/** Progress as it suits whoever looks: events for programs, a bar on a terminal, lines in a log. */
export function composeProgress(terminal: Terminal, json: boolean): Progress & Disposable {
  const clock = createSystemClock();
  if (json) {
    return notDisposed(createProgressEvents((line) => terminal.stdout.write(`${line}\n`), clock));
  }
  if (terminal.stderr.isTTY === true) return createProgressBar(terminal.stderr, clock);
  return notDisposed(createProgressLines((line) => terminal.stderr.write(`${line}\n`), clock));
}

function notDisposed(progress: Progress): Progress & Disposable {
  return { ...progress, [Symbol.dispose]: () => {} };
}
