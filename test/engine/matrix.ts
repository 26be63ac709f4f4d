import assert from "node:assert/strict";
import { after, test } from "node:test";
import { fastHost, type FastHost } from "./fastHost.ts";
import { assertTidy, run } from "./fault.ts";

/** A moment in the life of a site: what was there before, what is done, and what must hold wherever that breaks off, and in the end. */
export interface Life {
  before?(host: FastHost): Promise<unknown>;
  work(): any[];
  whole(host: FastHost): void;
  holds?(host: FastHost): void;
  /** All that is ours goes, and nothing of it may be left. */
  ends?: true;
}

const clean = (host: FastHost) => Object.fromEntries(Object.entries(host.snapshot()).filter(([path]) => !/^\/stub\/unit\/|stub_Packages/.test(path)));

const made = new Map<string, { host: FastHost; bare: Record<string, string> }>();

async function prepared(name: string, { before }: Life, plain: Plain): Promise<{ host: FastHost; bare: Record<string, string> }> {
  let known = made.get(name);
  if (!known) {
    const host = fastHost();
    await plain(host);
    known = { host, bare: clean(host) };
    await before?.(host);
    made.set(name, known);
  }
  return { host: known.host.copy(), bare: known.bare };
}

/** What a host has that we come to. */
type Plain = (host: FastHost) => Promise<unknown>;

after(() => made.forEach(({ host }) => host.remove()));

async function recovers(host: FastHost, life: Life, bare: Record<string, string>, what: string): Promise<void> {
  life.whole(host);
  const again = await run(host, life.work());
  assert.deepEqual(again.errors, [], `${what}: the next run fails`);
  life.holds?.(host);
  assertTidy(host);
  if (life.ends) assert.deepEqual(clean(host), bare, `${what}: something is orphaned`);
  assert.ok(!host.journal().some((line) => line.startsWith("STALE") || line.startsWith("STARTED")), `${what}: ${host.journal().filter((line) => /^ST/.test(line))}`);
  if (!life.ends) {
    const third = await run(host, life.work());
    assert.deepEqual([third.counts.commits, third.counts.writes], [0, 0], `${what}: a third run still has something to do`);
  }
}

/**
 * At every message, or at every `step`-th tool, of each of these: cut or killed, then run again. It converges, nothing was ever torn,
 * no restart is lost, nothing is orphaned.
 */
export function matrix(lives: Record<string, Life>, { messages: some, tools: step, plain = async () => undefined }: { messages: "all" | "some"; tools: number; plain?: Plain }): void {
  after(() => made.forEach(({ host }) => host.remove()));
  for (const [name, life] of Object.entries(lives)) one(name, life, some, step, plain);
}

function one(name: string, life: Life, some: "all" | "some", step: number, plain: Plain): void {
  test(`${name}: the connection is cut at ${some === "all" ? "every message" : "one message"}`, async (t) => {
    for (let at = some === "all" ? 1 : 2; ; at++) {
      let messages = 0;
      for (const when of some === "all" ? (["before", "after"] as const) : (["after"] as const)) {
        const { host, bare } = await prepared(name, life, plain);
        const from = host.trips;
        const { errors } = await run(host, life.work(), { at, when });
        messages = errors.length === 0 ? 0 : host.trips - from;
        await recovers(host, life, bare, `cut ${when} message ${at}`);
        host.remove();
      }
      if (some === "some") return assert.ok(messages > 0, "nothing was cut");
      if (messages > 0) continue;
      assert.ok(at > 2, "nothing was cut");
      return t.diagnostic(`${at - 1} messages`);
    }
  });

  test(`${name}: the script is killed at ${step === 1 ? "every tool" : `one in ${step} of the tools`} that it starts`, async (t) => {
    const probe = await prepared(name, life, plain);
    probe.host.killAt = 1e9;
    await run(probe.host, life.work());
    const tools = probe.host.tools();
    probe.host.remove();
    assert.ok(tools >= Math.ceil(step / 2), "nothing was killed");
    for (let at = Math.ceil(step / 2); at <= tools; at += step) {
      const { host, bare } = await prepared(name, life, plain);
      host.killAt = at;
      await run(host, life.work());
      host.killAt = 0;
      await recovers(host, life, bare, `killed at tool ${at}`);
      host.remove();
    }
    t.diagnostic(`${tools} tools`);
  });
}
