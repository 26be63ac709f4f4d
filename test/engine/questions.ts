// Checks as the engine asks them, by their script on this machine, and as it judges answers that are given.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { checkScript, findingsOf } from "../../provider/dist/engine/checks/ask.js";
import { parseAnswer } from "../../provider/dist/engine/facts.js";

export interface Found {
  ok: boolean;
  hint?: true;
  what: string;
  mend?: string;
}

/** A host in service with the unit "u.service". */
const facts: any = { os: { id: "debian", version: "12" }, missing: [], units: new Map([["u.service", {}]]), seen: new Map() };

/** What the answer to this check means; nothing where there is nothing to say. `when`: milliseconds of the question and of its answer. */
export function judged(check: any, answer: string, { when = { from: 0, to: 0 }, ...more }: { when?: { from: number; to: number } } & Record<string, unknown> = {}): Found {
  const script = `answer\t0\t${Buffer.from(answer).toString("base64")}\n`;
  return findingsOf([check], parseAnswer(script), { ...facts, ...more }, when)[0]!;
}

/** These checks, asked of this machine; with `around`, of a network of its own in which that runs first. */
export async function asked(checks: any[], around?: string): Promise<Found[]> {
  const own = ["unshare", ...(process.getuid?.() === 0 ? [] : ["-r"]), "-n", "-m"];
  const [command, ...args] = [...(around === undefined ? [] : own), "sh", "-s"];
  const script = `${around ?? ""}\n${checkScript(checks)}\nkill $! 2>/dev/null\n`;
  const from = Date.now();
  const child = spawn(command!, args, { stdio: "pipe" });
  child.stdin.end(script);
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  assert.match(stdout, /end\n/, stderr);
  return findingsOf(checks, parseAnswer(stdout), facts, { from, to: Date.now() });
}
