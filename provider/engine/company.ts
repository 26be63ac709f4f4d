import { setTimeout as delay } from "node:timers/promises";

/** Milliseconds that an operation waits at most for others to share its commit. */
const LONGEST = 200;
const LOOK = 10;

/** When the next commit begins. Pulumi hands over a next operation as soon as one is answered: one by one, each would be a commit. */
export interface Company {
  /** Counts an operation until it is answered. */
  member<T>(answer: Promise<T>): Promise<T>;
  /** Waits until as many wait as were ever under way together, and no longer than the last commit took. */
  gather(waiting: () => number): Promise<void>;
  during(commit: Promise<void>): Promise<void>;
}

export function companyOf(): Company {
  let under = 0;
  let most = 0;
  let until = 0;
  return {
    member(answer) {
      most = Math.max(most, ++under);
      return answer.finally(() => under--);
    },
    async gather(waiting) {
      while (waiting() < most && performance.now() < until) await delay(LOOK);
    },
    async during(commit) {
      const began = performance.now();
      await commit;
      const ended = performance.now();
      until = ended + Math.min(ended - began, LONGEST);
    },
  };
}
