import type { RunOptions, Transport } from "../ssh/transport";
import { parseAnswer, type Answer } from "./facts";

/** Conversations with one master over a connection that may be lost and come back. */
export interface Session {
  transport(): Promise<Transport>;
  /** Feeds a command. As with a script, whoever comes after a failure dials anew. */
  send: Transport["send"];
  /** Runs a script whose answer ends with "end". An answer without its end was cut: whatever the script did is not known. */
  ask(script: string, options: RunOptions): Promise<Answer>;
  /** Does work again that a lost connection interrupted: the scripts' own lock lets the next one see what the last one did. */
  persist<T>(work: () => Promise<T>): Promise<T>;
}

const TRIES = 3;

/** The script, or the connection below it, was ended before its answer. */
class Interrupted extends Error {
  override readonly name = "Interrupted";
}

/** Only what was lost on its way is worth another try at once: a refusal or a time-out would only come again, later. */
export const isLost = (error: unknown): boolean => error instanceof Error && (error.name === "Interrupted" || error.name === "ConnectionLost");

/** `lost` is called when what is known of the host may no longer be so. */
export function sessionOf(connect: () => Promise<Transport>, lost: () => void): Session {
  let current: Promise<Transport> | undefined;

  /** A connection that failed is tried anew by whoever comes next. */
  function transport(): Promise<Transport> {
    if (!current) {
      const dialling = connect();
      current = dialling;
      dialling.catch(() => current === dialling && (current = undefined));
    }
    return current;
  }

  return {
    transport,
    async send(command, body, options) {
      const used = transport();
      try {
        return await (await used).send(command, body, options);
      } catch (error) {
        if (current === used) current = undefined;
        throw error;
      }
    },
    async ask(script, options) {
      const used = transport();
      const to = await used;
      try {
        const { stdout, stderr, code } = await to.run(script, options);
        const answer = parseAnswer(stdout);
        if (!answer.has("end")) throw new Interrupted([`${options.step} on ${to.host} gave no whole answer (exit ${code})`, stderr.trim().slice(-2000)].filter(Boolean).join(": "));
        return answer;
      } catch (error) {
        if (current === used) current = undefined;
        lost();
        throw error;
      }
    },
    async persist(work) {
      for (let left = TRIES; ; ) {
        try {
          return await work();
        } catch (error) {
          if (--left === 0 || !isLost(error)) throw error;
        }
      }
    },
  };
}
