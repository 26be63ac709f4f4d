import { setTimeout as delay } from "node:timers/promises";

/** Milliseconds that a commit waits at most for the next operation to share it. */
const LONGEST = 200;
const LOOK = 10;

/** When the next commit begins. Pulumi hands over a next operation as soon as one is answered: one by one, each would be a commit. */
export interface Company {
  /** Counts an operation until it is answered. */
  member<T>(answer: Promise<T>): Promise<T>;
  /** Waits until as many wait as were ever under way together, or until nobody has come for as long as the last commit took: a commit of its own would take the next one no longer. */
  gather(waiting: () => number): Promise<void>;
  during(commit: Promise<void>): Promise<void>;
}

export function companyOf(): Company {
  let under = 0;
  let most = 0;
  let took = 0;
  return {
    member(answer) {
      most = Math.max(most, ++under);
      return answer.finally(() => under--);
    },
    async gather(waiting) {
      for (let had = waiting(), since = performance.now(); had < most && performance.now() < since + took; ) {
        await delay(LOOK);
        if (waiting() > had) [had, since] = [waiting(), performance.now()];
      }
    },
    async during(commit) {
      const began = performance.now();
      await commit;
      took = Math.min(performance.now() - began, LONGEST);
    },
  };
}
