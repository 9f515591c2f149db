/** An answer that is on its way to a client. */
export interface PacedAnswer {
  /** Bytes that have been given to it, and those of them that the client has taken, or the system for it. */
  readonly given: number;
  readonly taken: number;
  /** Ends the connection, and lets go of what waits in it. */
  cutOff(): void;
}

/** A client that takes less is disconnected. */
export interface PaceLimits {
  /** Bytes a second, over each window. What is left of a window at the end of an answer does not count. */
  readonly leastRate: number;
  /** Milliseconds. */
  readonly paceWindow: number;
}

/** Ends answers to clients that take too little of them: each costs memory for as long as it lasts, or one of few streams. */
export interface AnswerPace {
  /** Watches an answer until it is told that the answer has ended. */
  watch(answer: PacedAnswer): void;
  ended(answer: PacedAnswer): void;
}

interface Window {
  looks: number;
  taken: number;
}

/** How often answers are looked at in a window. */
const windowLooks = 4;

export function createAnswerPace({ leastRate, paceWindow }: PaceLimits): AnswerPace {
  const windows = new Map<PacedAnswer, Window>();
  let timer: NodeJS.Timeout | undefined;
  const least = (leastRate * paceWindow) / 1000;

  const look = () => {
    for (const [answer, window] of windows) {
      window.looks += 1;
      // While nothing waits for the client, it is not the client that is slow.
      const waits = answer.given > answer.taken;
      if (waits && window.looks < windowLooks) continue;
      if (waits && answer.taken - window.taken < least) {
        windows.delete(answer);
        answer.cutOff();
      } else {
        window.looks = 0;
        window.taken = answer.taken;
      }
    }
    stopIfIdle();
  };
  const stopIfIdle = () => {
    if (windows.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
  return {
    watch(answer) {
      if (windows.has(answer)) return;
      windows.set(answer, { looks: 0, taken: answer.taken });
      timer ??= setInterval(look, paceWindow / windowLooks).unref();
    },
    ended(answer) {
      if (windows.delete(answer)) stopIfIdle();
    },
  };
}
