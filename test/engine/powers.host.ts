import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { after, test } from "node:test";
import { createEngine } from "../../provider/dist/engine/index.js";
import { fastHost, type FastHost } from "./fastHost.ts";
import { urn } from "./site.ts";

const hosts: FastHost[] = [];
after(() => hosts.forEach((host) => host.remove()));

/** A power strip with a memory: it writes down who asked what and when, is silent where `hangs` says so, and refuses where `refuses` does. */
const STRIP = `#!/bin/sh
[ ! -e /tmp/hangs-$NETBOOT_MACHINE ] || exec sleep 30
printf '%s %s %s %s\\n' "$(date +%s%N)" "$NETBOOT_MACHINE" "$*" "$STRIP_PASSWORD" >>/tmp/asked
[ ! -e /tmp/refuses-$NETBOOT_MACHINE ] || { printf 'outlet \\033[31m%s is locked, says %s\\n' "$1" "$STRIP_PASSWORD" >&2; exit 3; }
for last; do :; done
case $last in
  status) cat /tmp/is-$NETBOOT_MACHINE 2>/dev/null || echo off ;;
  cycle) echo on >/tmp/is-$NETBOOT_MACHINE ;;
  *) echo "$last" >/tmp/is-$NETBOOT_MACHINE ;;
esac
`;

function newHost(): FastHost {
  const host = fastHost();
  hosts.push(host);
  writeFileSync(host.path("/srv/strip"), STRIP, { mode: 0o755 });
  return host;
}

interface Wish {
  name?: string;
  boots?: string;
  onChange?: string;
  owner?: string;
  machines?: string[];
  more?: Record<string, unknown>;
  pace?: { atOnce: number; pauseSeconds: number };
  limit?: number;
}

const keyOf = (machine: string) => `mac-${machine}`;
function op({ name = "desk", boots = "a", onChange = "cycle", owner = urn("Machine", name), machines = [name], more = {}, pace = { atOnce: 8, pauseSeconds: 0 }, limit = 5 }: Wish): any {
  const each = <T>(make: (machine: string) => T) => Object.fromEntries(machines.map((machine) => [keyOf(machine), make(machine)]));
  return {
    owner, label: `Machine "${name}"`,
    want: { files: Object.fromEntries(machines.map((machine) => [`/srv/netboot/http/mac/${machine}.ipxe`, `#!ipxe\n# ${boots}\n`])), powers: each((machine) => ({ machine, boots, onChange, ...more })) },
    switches: each((machine) => ({ machine, timeoutSeconds: limit, pace, driver: "command", command: ["/srv/strip", "7; reboot $(id)"], user: "root", environment: { STRIP_PASSWORD: "it's secret" } })),
  };
}
const gone = (wish: any): any => ({ owner: wish.owner, label: wish.label });

const engineOn = (host: FastHost, cut?: any) => createEngine(host.connect(cut), { watch: 0, patience: 20, who: "a test" });
/** A process of its own, as each `up` is. */
const up = (host: FastHost, ...wishes: any[]) => {
  const engine = engineOn(host);
  return Promise.all(wishes.map((wish) => engine.reconcile(wish)));
};
const asked = (host: FastHost): string[][] => (existsSync(host.path("/tmp/asked")) ? readFileSync(host.path("/tmp/asked"), "utf8").trim().split("\n").map((line) => line.split(" ")) : []);
/** What was done, questions left out: "desk on". */
const done = (host: FastHost) => asked(host).map((words) => `${words[1]} ${/ (on|off|cycle|status) it's/.exec(words.join(" "))![1]}`).filter((line) => !line.endsWith(" status"));
const note = (host: FastHost, machine = "desk") => readFileSync(host.path(`/var/lib/netboot/power/${keyOf(machine)}`), "utf8").trim();
const mark = (host: FastHost, what: string) => writeFileSync(host.path(`/tmp/${what}`), "");

test("a machine is switched once for what it boots: at first, and when that is another", async () => {
  const host = newHost();
  await up(host, op({}));
  assert.deepEqual([done(host), note(host)], [["desk on"], "a"], "it was off");
  const before = host.trips;
  await up(host, op({}));
  assert.equal(host.trips - before, 1, "a question, and nothing to do");
  await up(host, op({ boots: "b" }));
  assert.deepEqual([done(host), note(host)], [["desk on", "desk cycle"], "b"]);
  await up(host, op({ boots: "b" }));
  assert.equal(done(host).length, 2);
});

test("`on` leaves a machine alone that is on, and `none` every one, but notes what it boots", async () => {
  const host = newHost();
  await up(host, op({ onChange: "none" }));
  await up(host, op({ onChange: "cycle" }));
  assert.deepEqual([asked(host), note(host)], [[], "a"]);
  await up(host, op({ boots: "b", onChange: "on" }));
  await up(host, op({ boots: "c", onChange: "on" }));
  assert.deepEqual([done(host), note(host)], [["desk on"], "c"]);
});

test("a machine that gets its power later, or whose master has lost its note, is switched for a change alone", async () => {
  const host = newHost();
  await up(host, op({ name: "later", more: { before: "a" } }), op({ name: "lost", more: { known: "a" } }));
  assert.deepEqual([asked(host), note(host, "later"), note(host, "lost")], [[], "a", "a"]);
  // Its note is of a time before the one in which nobody was to switch it.
  await up(host, op({ name: "later", boots: "z", more: { before: "z" } }));
  assert.deepEqual([asked(host), note(host, "later")], [[], "z"]);
  await up(host, op({ name: "later", boots: "b", more: { before: "z" } }), op({ name: "lost", boots: "b", more: { known: "a" } }));
  assert.deepEqual(done(host).sort(), ["later on", "lost on"]);
});

test("what is being uploaded is served before a machine is switched; what cannot be uploaded stands in nobody's way", async () => {
  const host = newHost();
  const path = "/srv/netboot/http/blob/x/vmlinuz";
  writeFileSync(host.path("/srv/strip"), `#!/bin/sh\n[ -s ${path} ] && echo served >/tmp/kernel\n`, { mode: 0o755 });
  const source = host.path("/tmp/source");
  const bytes = Buffer.alloc(64 << 20, "a kernel");
  writeFileSync(source, bytes);
  const image = (sha256: string): any => ({ owner: urn("KernelImage", "k"), label: 'KernelImage "k"', want: { blobs: { [path]: { sha256, size: bytes.length } } }, sources: { [sha256]: source } });
  await up(host, op({}), image(createHash("sha256").update(bytes).digest("hex")));
  assert.equal(readFileSync(host.path("/tmp/kernel"), "utf8"), "served\n");
  const engine = engineOn(host);
  const refused = engine.reconcile(image("0".repeat(64))).catch((error: Error) => error.message);
  await engine.reconcile(op({ boots: "b" }));
  assert.match(String(await refused), /KernelImage "k"/);
  assert.equal(note(host), "b");
});

test("its files are served when it is switched, and the program is given its arguments as they are and no secret among them", async () => {
  const host = newHost();
  writeFileSync(host.path("/srv/strip"), `#!/bin/sh\ncat /srv/netboot/http/mac/desk.ipxe >/tmp/served; cat /proc/[0-9]*/cmdline | tr '\\0' ' ' | grep -c "[i]t's secret" >/tmp/told; printf '%s\\n' "$@" >/tmp/arguments; env >/tmp/environment\n`, { mode: 0o755 });
  await up(host, op({ boots: "new" }));
  const read = (name: string) => readFileSync(host.path(`/tmp/${name}`), "utf8");
  assert.equal(read("served"), "#!ipxe\n# new\n");
  assert.equal(read("told").trim(), "0");
  assert.equal(read("arguments"), "7; reboot $(id)\ncycle\n");
  assert.match(read("environment"), /^NETBOOT_MACHINE=desk$/m);
  assert.match(read("environment"), /^STRIP_PASSWORD=it's secret$/m);
  assert.deepEqual(existsSync(host.path("/run")) && Object.keys(host.snapshot()).filter((path) => path.startsWith("/run/netboot-power")), []);
});

test("a machine that cannot be switched fails with its words and without its secret; state keeps it, the next run tries again", async () => {
  const host = newHost();
  mark(host, "refuses-desk");
  const error: any = await up(host, op({})).catch((it) => it);
  assert.match(error.message, /^Machine "desk" on fast: what it boots is in service, and one machine could not be switched\.\n {2}desk \(\/srv\/strip\): outlet \[31m7; reboot \$\(id\) is locked, says \[secret\]\nMend what the words name, and run up again/);
  assert.deepEqual(Object.keys(error.partial), ["files", "powers"]);
  assert.equal(note(host), "-");
  await assert.rejects(up(host, op({ more: { known: "a" } })), /is locked/, "what state says of it is no reason to leave it");
  await host.shell("rm /tmp/refuses-desk");
  await up(host, op({ more: { known: "a" } }));
  await up(host, op({ more: { known: "a" } }));
  assert.deepEqual(done(host), ["desk on"]);
});

test("no secret is told that a program repeats: one within another, one with spaces, or one that is cut off", async () => {
  const host = newHost();
  writeFileSync(host.path("/srv/strip"), `#!/bin/sh\nprintf '%s|' "$LONG" "$SPACED" "$LINES" >&2\nprintf '%0245d%s' 0 "$LONG" >&2\nexit 1\n`, { mode: 0o755 });
  const wish = op({});
  const environment = { SHORT: "swordfish", LONG: "swordfish-and-chips", SPACED: "two  blanks ", LINES: "first\nsecond" };
  wish.switches[keyOf("desk")].environment = environment;
  const lines: string[] = [];
  const error: any = await up(host, { ...wish, status: (line: string) => void lines.push(line) }).catch((it) => it);
  assert.match(error.message, /desk \(\/srv\/strip\): \[secret\]\|\[secret\] \|\[secret\]\|000/);
  assert.ok(lines.some((line) => line.includes("[secret]")));
  for (const text of [error.message, ...lines]) assert.doesNotMatch(text, /sword|chips|blanks|second/);
});

test("a program that leaves something running behind it holds nobody up", async () => {
  const host = newHost();
  writeFileSync(host.path("/srv/strip"), `#!/bin/sh\nfor last; do :; done\n[ $last != status ] || { echo on; exit; }\nsleep 8 &\n`, { mode: 0o755 });
  const begun = Date.now();
  await up(host, op({ limit: 2 }));
  assert.ok(Date.now() - begun < 6000, "it waited for what the program left");
  assert.equal(note(host), "a");
});

test("a silent BMC delays nobody: others are switched, and the rest of the site is configured", async () => {
  const host = newHost();
  mark(host, "hangs-slow");
  const engine = engineOn(host);
  const begun = Date.now();
  const slow = engine.reconcile(op({ name: "slow", limit: 3 })).catch((it) => it);
  const quick = engine.reconcile(op({ name: "quick", onChange: "none" })).then(() => Date.now() - begun);
  const fleet = engine.reconcile(op({ name: "fleet", owner: urn("Fleet", "fleet"), machines: ["one", "slow-2", "two"] }));
  assert.ok((await quick) < 2900, "a machine that is not switched waited for one that is");
  const later = engine.reconcile(op({ name: "later", onChange: "none" })).then(() => Date.now() - begun);
  assert.ok((await later) < 2900, "a later commit waited for a machine");
  await fleet;
  assert.deepEqual(done(host).sort(), ["one on", "slow-2 on", "two on"]);
  assert.match((await slow).message, /slow \(\/srv\/strip\): no answer within 3 seconds/);
});

test("a fleet names those of its machines that could not be switched, and the others are done for good", async () => {
  const host = newHost();
  const fleet = () => op({ name: "fleet", owner: urn("Fleet", "fleet"), machines: ["m1", "m2", "m3"] });
  ["m1", "m3"].forEach((name) => mark(host, `refuses-${name}`));
  await assert.rejects(up(host, fleet()), /what they boot is in service, and 2 machines could not be switched\.\n {2}m1 .* is locked.*\n {2}m3 .* is locked/);
  await host.shell("rm /tmp/refuses-*");
  await up(host, fleet());
  assert.deepEqual([done(host)[0], done(host).slice(1).sort()], ["m2 on", ["m1 on", "m3 on"]]);
});

test("a connection that is lost while machines are switched switches none of them twice", async () => {
  for (const at of [2, 3]) {
    const host = newHost();
    const engine = engineOn(host, { at, when: "after" });
    await engine.reconcile(op({})).catch(() => undefined);
    await up(host, op({}));
    await up(host, op({}));
    assert.deepEqual([done(host), note(host)], [["desk on"], "a"], `cut after message ${at}`);
  }
});

test("what was killed after its commit is done by the next run", async () => {
  const host = newHost();
  host.killAt = 1e9;
  await up(host, op({ name: "first" }));
  const tools = host.tools();
  for (let at = 1; at <= tools; at += 37) {
    const killed = newHost();
    killed.killAt = at;
    await up(killed, op({})).catch(() => undefined);
    killed.killAt = 0;
    await up(killed, op({}));
    assert.equal(note(killed), "a", `killed at tool ${at}`);
    assert.equal(readFileSync(killed.path("/tmp/is-desk"), "utf8").trim(), "on", `killed at tool ${at}`);
  }
});

test("a machine that is moved to a fleet, from one, or renamed is not switched, in whatever order that comes", async () => {
  for (const order of [0, 1]) {
    const host = newHost();
    await up(host, op({}), op({ name: "other", onChange: "none" }));
    const moved = op({ name: "fleet", owner: urn("Fleet", "fleet"), machines: ["desk"] });
    const steps = [moved, gone(op({}))];
    for (const step of order ? steps : steps.reverse()) await up(host, step);
    await up(host, { ...op({ owner: urn("Machine", "seat") }), formerly: moved.owner });
    assert.deepEqual([done(host), note(host)], [["desk on"], "a"]);
  }
});

test("a machine that goes is not switched, and with the last one goes every note", async () => {
  const host = newHost();
  await up(host, op({}), op({ name: "other" }));
  const before = asked(host).length;
  await up(host, gone(op({})));
  await up(host, gone(op({ name: "other" })));
  assert.equal(asked(host).length, before);
  assert.ok(!existsSync(host.path("/var/lib/netboot")));
});

test("cycleIfIdle passes over a machine that is at work, says so, and asks no more", async () => {
  const host = newHost();
  await up(host, op({ onChange: "cycleIfIdle" }));
  const nonce = "0".repeat(32);
  for (const dir of ["/srv/netboot/http/orders/desk", `/srv/netboot/claims/${nonce}`, "/srv/netboot/reports/desk"]) mkdirSync(host.path(dir), { recursive: true });
  writeFileSync(host.path("/srv/netboot/http/orders/desk/job"), `netboot-job 1\nnonce ${nonce}\ndo clone\n`);
  mark(host, `../srv/netboot/claims/${nonce}/by-x`);
  const [{ notes }] = (await up(host, op({ boots: "b", onChange: "cycleIfIdle" }))) as any;
  assert.deepEqual(notes, ["desk (/srv/strip): is busy with its clone, and was not power-cycled: it boots what is new when it next starts"]);
  mark(host, `../srv/netboot/claims/${nonce}/done`);
  await up(host, op({ boots: "b", onChange: "cycleIfIdle" }));
  assert.deepEqual(done(host), ["desk on"], "once for a change, though it is idle now");
  writeFileSync(host.path("/srv/netboot/reports/desk/status"), '{"stage":"writing"}');
  await up(host, op({ boots: "c", onChange: "cycleIfIdle" }));
  assert.deepEqual(done(host), ["desk on"]);
  writeFileSync(host.path("/srv/netboot/reports/desk/status"), '{"stage":"done"}');
  await up(host, op({ boots: "d", onChange: "cycleIfIdle" }));
  assert.deepEqual(done(host), ["desk on", "desk cycle"]);
});

test("many are switched on as many together as a breaker bears, over all runs", async () => {
  const host = newHost();
  const pace = { atOnce: 2, pauseSeconds: 2 };
  await up(host, op({ name: "fleet", owner: urn("Fleet", "fleet"), machines: ["m1", "m2", "m3"], pace }));
  await up(host, op({ name: "m4", pace }));
  const at = asked(host).filter((words) => words.includes("on")).map(([time]) => Number(time) / 1e9);
  assert.equal(at.length, 4);
  assert.ok(at[2]! - at[1]! > 0.9, "the third did not wait");
  assert.ok(at[3]! - at[2]! > 0.9, "the next run did not wait");
  assert.ok(at[1]! - at[0]! < 0.9, "the first two were not together");
});
