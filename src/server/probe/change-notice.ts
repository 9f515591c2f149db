import type { Log } from '../../ports/log.ts';

/** Tells listeners of changes a moment after the first one, so that many changes close together are told once. */
export interface ChangeNotice {
  raise(): void;
  listen(callback: () => void): void;
  stop(): void;
}

/** @param delay in milliseconds */
export function createChangeNotice(delay: number, log: Log): ChangeNotice {
  const listeners: (() => void)[] = [];
  let timer: NodeJS.Timeout | undefined;
  const tell = () => {
    timer = undefined;
    for (const listener of listeners) {
      try {
        listener();
      } catch (error) {
        log.error('a listener to mirror states failed', { error });
      }
    }
  };
  return {
    raise: () => (timer ??= setTimeout(tell, delay)),
    listen: (callback) => listeners.push(callback),
    stop() {
      clearTimeout(timer);
      timer = undefined;
    },
  };
}
