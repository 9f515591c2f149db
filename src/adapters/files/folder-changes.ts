import { type FSWatcher, watch } from 'node:fs';

/** Tells when something may have changed in folders. */
export interface FolderChanges extends Disposable {
  /** Waits until something changed since the last call, or until `milliseconds` have passed, or the signal. */
  next(milliseconds: number, signal: AbortSignal): Promise<void>;
}

/** Changes come in bursts: a copy is many writes. In milliseconds. */
const burst = 250;

/**
 * Watches folders where the system can (inotify on Linux). Where it cannot, as on network file systems, only the time
 * passes: whoever asks has to look anyway.
 */
export function watchFolders(folders: readonly string[]): FolderChanges {
  let changed = false;
  let wake = () => {};
  const onChange = () => {
    changed = true;
    wake();
  };
  const watchers = folders.flatMap((folder) => tryWatch(folder, onChange));
  return {
    async next(milliseconds, signal) {
      await pause(Math.min(burst, milliseconds), signal, () => {});
      if (!changed) await pause(milliseconds, signal, (end) => (wake = end));
      changed = false;
      wake = () => {};
    },
    [Symbol.dispose]() {
      for (const watcher of watchers) watcher.close();
    },
  };
}

function tryWatch(folder: string, onChange: () => void): readonly FSWatcher[] {
  try {
    const watcher = watch(folder, onChange);
    // A folder that can no longer be watched is looked at now and then all the same.
    watcher.on('error', () => watcher.close());
    return [watcher];
  } catch {
    return [];
  }
}

function pause(milliseconds: number, signal: AbortSignal, onStart: (end: () => void) => void): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, milliseconds);
    signal.addEventListener('abort', end);
    if (signal.aborted) end();
    onStart(end);
  });
}
