import assert from "node:assert/strict";
import { after, test } from "node:test";
import { fastHost, type FastHost } from "./fastHost.ts";
import { assertServed, assertTidy, assertWhole, destroy, run, up } from "./fault.ts";

/** Three moments in the life of a site: what was there before, what is done, and what must hold in the end. */
const lives = {
  "first up": { before: [], work: () => up("v1"), versions: ["v1"], holds: (host: FastHost) => assertServed(host, "v1") },
  update: { before: [() => up("v1")], work: () => up("v2"), versions: ["v1", "v2"], holds: (host: FastHost) => assertServed(host, "v2") },
  destroy: { before: [() => up("v2")], work: destroy, versions: ["v2"], holds: () => undefined },
};

const clean = (host: FastHost) => Object.fromEntries(Object.entries(host.snapshot()).filter(([path]) => !/^\/stub\/unit\/|stub_Packages/.test(path)));

const made = new Map<string, { host: FastHost; bare: Record<string, string> }>();

async function prepared(name: string, before: Array<() => any[]>): Promise<{ host: FastHost; bare: Record<string, string> }> {
  let known = made.get(name);
  if (!known) {
    const host = fastHost();
    known = { host, bare: clean(host) };
    for (const ops of before) assert.deepEqual((await run(host, ops())).errors, []);
    made.set(name, known);
  }
  return { host: known.host.copy(), bare: known.bare };
}

after(() => made.forEach(({ host }) => host.remove()));

async function recovers(host: FastHost, life: (typeof lives)[keyof typeof lives], bare: Record<string, string>, versions: string[], what: string): Promise<void> {
  assertWhole(host, versions);
  const again = await run(host, life.work());
  assert.deepEqual(again.errors, [], `${what}: the next run fails`);
  life.holds(host);
  assertTidy(host);
  if (life === lives.destroy) assert.deepEqual(clean(host), bare, `${what}: something is orphaned`);
  assert.ok(!host.journal().some((line) => line.startsWith("STALE") || line.startsWith("STARTED")), `${what}: ${host.journal().filter((line) => /^ST/.test(line))}`);
  if (life !== lives.destroy) {
    const third = await run(host, life.work());
    assert.deepEqual([third.counts.commits, third.counts.writes], [0, 0], `${what}: a third run still has something to do`);
  }
}

/**
 * At every message, or at every `step`-th tool, of a first up, an update and a destroy: cut or killed, then run again. It converges, nothing was ever torn,
 * no restart is lost, nothing is orphaned.
 */
export function matrix({ messages: some, tools: step }: { messages: "all" | "some"; tools: number }): void {
  after(() => made.forEach(({ host }) => host.remove()));
  for (const [name, life] of Object.entries(lives)) one(name as keyof typeof lives, life, some, step);
}

function one(name: keyof typeof lives, life: (typeof lives)[keyof typeof lives], some: "all" | "some", step: number): void {
  test(`${name}: the connection is cut at ${some === "all" ? "every message" : "one message"}`, async (t) => {
    for (let at = some === "all" ? 1 : 2; ; at++) {
      let messages = 0;
      for (const when of some === "all" ? (["before", "after"] as const) : (["after"] as const)) {
        const { host, bare } = await prepared(name, life.before);
        const from = host.trips;
        const { errors } = await run(host, life.work(), { at, when });
        messages = errors.length === 0 ? 0 : host.trips - from;
        await recovers(host, life, bare, life.versions, `cut ${when} message ${at}`);
        host.remove();
      }
      if (some === "some") return assert.ok(messages > 0, "nothing was cut");
      if (messages > 0) continue;
      assert.ok(at > 2, "nothing was cut");
      return t.diagnostic(`${at - 1} messages`);
    }
  });

  test(`${name}: the script is killed at ${step === 1 ? "every tool" : `one in ${step} of the tools`} that it starts`, async (t) => {
    const probe = await prepared(name, life.before);
    probe.host.killAt = 1e9;
    await run(probe.host, life.work());
    const tools = probe.host.tools();
    probe.host.remove();
    assert.ok(tools >= Math.ceil(step / 2), "nothing was killed");
    for (let at = Math.ceil(step / 2); at <= tools; at += step) {
      const { host, bare } = await prepared(name, life.before);
      host.killAt = at;
      await run(host, life.work());
      host.killAt = 0;
      await recovers(host, life, bare, life.versions, `killed at tool ${at}`);
      host.remove();
    }
    t.diagnostic(`${tools} tools`);
  });
}
