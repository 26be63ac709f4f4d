import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { after, test } from "node:test";
import { createEngine } from "../../provider/dist/engine/index.js";
import { fastHost, type FastHost } from "./fastHost.ts";
import { stamp } from "../imaging/machine.ts";
import { urn } from "./site.ts";

const hosts: FastHost[] = [];
const newHost = (from?: FastHost) => (hosts.push(from ? from.copy() : fastHost()), hosts.at(-1)!);
after(() => hosts.forEach((host) => host.remove()));
const engineOn = (host: FastHost) => createEngine(host.connect(), { watch: 0, patience: 20, who: "a test" });

const job = (generation: number, disk = "only") => `netboot-job 1\nmachine desk\ngeneration ${generation}\ndo clone\ndisk ${disk}\nend end\n`;
const op = (generation: number, { known = 0, disk = "only" } = {}): any => ({ owner: urn("Machine", "desk"), label: 'Machine "desk"', want: { orders: { desk: { generation, job: job(generation, disk), known } } } });
const gone: any = { owner: urn("Machine", "desk"), label: 'Machine "desk"' };
/** A process of its own, as each `up` is. */
const up = (host: FastHost, wish: any) => engineOn(host).reconcile(wish);

const open = (host: FastHost) => host.path("/srv/netboot/http/orders/desk");
const nonceOf = (host: FastHost) => (existsSync(`${open(host)}/job`) ? /^nonce ([0-9a-f]{32})$/m.exec(readFileSync(`${open(host)}/job`, "utf8"))![1]! : undefined);
const ledger = (host: FastHost) => readFileSync(host.path("/var/lib/netboot-ledger/desk"), "utf8").trim().split("\n").map((line) => line.split(" ").slice(0, 2).join(" "));
const claim = (host: FastHost) => renameSync(host.path(`/srv/netboot/claims/${nonceOf(host)}/open`), host.path(`/srv/netboot/claims/${nonceOf(host)}/by-${"a".repeat(32)}`));
const done = (host: FastHost) => writeFileSync(host.path(`/srv/netboot/claims/${nonceOf(host)}/done`), "end\n");

test("an order is a folder with a nonce, a token and a line in the ledger; a second run gives none", async () => {
  const host = newHost();
  const { changed } = await up(host, op(1));
  assert.deepEqual(changed.map((change) => change.why), ["generation 1 is ordered"]);
  const nonce = nonceOf(host)!;
  assert.equal(readFileSync(`${open(host)}/order.ipxe`, "utf8"), `#!ipxe\nset netboot-order ${nonce}\n`);
  assert.match(readFileSync(`${open(host)}/job`, "utf8"), /^netboot-job 1\nnonce [0-9a-f]{32}\nsite [0-9a-f]{32}\nmachine desk\n[^]*\nend end\n$/);
  assert.ok(existsSync(host.path(`/srv/netboot/claims/${nonce}/open`)));
  assert.deepEqual(ledger(host), ["ordered 1"]);
  assert.deepEqual((await up(host, op(1))).changed, []);
  assert.equal(nonceOf(host), nonce);
});

test("an order of an older version, which GRUB could not be told, is told it and stays the same, claimed or not", async () => {
  const host = newHost();
  await up(host, op(1));
  const nonce = nonceOf(host)!;
  for (const claimed of [false, true]) {
    if (claimed) claim(host);
    rmSync(`${open(host)}/order.grub`);
    assert.deepEqual((await up(host, op(1))).changed.map((change) => change.why), ["the order is not there in GRUB's words"]);
    assert.equal(readFileSync(`${open(host)}/order.grub`, "utf8"), `set netboot_order=${nonce}\n`);
    assert.equal(nonceOf(host), nonce);
    assert.deepEqual((await up(host, op(1))).changed, []);
  }
  assert.deepEqual(ledger(host), ["ordered 1"]);
});

test("an installation may begin once, and once more for each retry; its stamps are made for it", async () => {
  const host = newHost();
  const text = `netboot-job 1\nmachine desk\ngeneration 2\ndo install\nimage ${"a".repeat(64)}\ndisk only\nretries 2\nend end\n`;
  const wish: any = { owner: urn("Machine", "desk"), label: 'Machine "desk"', want: { orders: { desk: { generation: 2, job: text, known: 0 } } } };
  await up(host, wish);
  const nonce = nonceOf(host)!;
  assert.deepEqual(readdirSync(host.path(`/srv/netboot/claims/${nonce}`)).sort(), ["again-1", "again-2", "open"]);
  assert.equal(readFileSync(`${open(host)}/order.grub`, "utf8"), `set netboot_order=${nonce}\n`);
  const site = /^site (\w+)$/m.exec(readFileSync(`${open(host)}/job`, "utf8"))![1]!;
  for (const state of ["writing", "done"]) assert.deepEqual(readFileSync(`${open(host)}/stamp.${state}`), stamp({ site, machine: "desk", generation: 2, nonce, image: "a".repeat(64), state }).subarray(0, 4096));
  assert.deepEqual((await up(host, wish)).changed, []);
  claim(host);
  done(host);
  await up(host, wish);
  assert.deepEqual(ledger(host), ["ordered 2", "done 2"]);
  assert.ok(!existsSync(host.path(`/srv/netboot/claims/${nonce}`)));
});

test("a higher generation is a new order, a lower one none", async () => {
  const host = newHost();
  await up(host, op(1));
  const first = nonceOf(host);
  await up(host, op(3, { known: 1 }));
  assert.notEqual(nonceOf(host), first);
  assert.ok(!existsSync(host.path(`/srv/netboot/claims/${first}`)));
  const last = nonceOf(host);
  assert.deepEqual((await up(host, op(2, { known: 3 }))).changed, []);
  assert.equal(nonceOf(host), last);
  assert.deepEqual(ledger(host), ["ordered 1", "withdrawn 1", "ordered 3"]);
});

test("what is done is entered, and its order goes", async () => {
  const host = newHost();
  await up(host, op(1));
  claim(host);
  done(host);
  await up(host, op(1, { known: 1 }));
  assert.deepEqual(ledger(host), ["ordered 1", "done 1"]);
  assert.ok(!existsSync(open(host)));
  assert.deepEqual((await up(host, op(1, { known: 1 }))).changed, []);
});

test("that a `done` is there counts, for the order whose nonce it has; what it says is in no ledger and leads to nothing", async () => {
  const base = newHost();
  await up(base, op(1));
  claim(base);
  const nonce = nonceOf(base)!;
  // The second is what a machine says whose disk is ahead of its master's ledger.
  const words = ["", `nonce ${"b".repeat(32)}\ngeneration 7\nimage ${"c".repeat(64)}\nend end\n`, "nonce", "generation 9\nordered 9 x\n$(touch /srv/theirs)\n", Buffer.from(Array.from({ length: 4096 }, (_, i) => i & 255)), "x".repeat(1 << 20)];
  for (const said of words) {
    const host = newHost(base);
    writeFileSync(host.path(`/srv/netboot/claims/${nonce}/done`), said);
    assert.deepEqual((await up(host, op(1, { known: 1 }))).changed.map(({ why }) => why), ["generation 1 is done"]);
    assert.match(readFileSync(host.path("/var/lib/netboot-ledger/desk"), "utf8"), new RegExp(`^ordered 1 ${nonce} \\S+\ndone 1 ${nonce} \\S+\n$`));
    assert.deepEqual([existsSync(open(host)), readdirSync(host.path("/srv/netboot/claims"))], [false, []]);
    await up(host, op(2, { known: 1 }));
    assert.deepEqual(ledger(host), ["ordered 1", "done 1", "ordered 2"]);
    assert.ok(!existsSync(host.path("/srv/theirs")));
  }
});

test("no order comes again because something was lost", async (t) => {
  const finished = newHost();
  await up(finished, op(1));
  claim(finished);
  done(finished);
  await up(finished, op(1, { known: 1 }));
  await t.test("the ledger", async () => {
    const host = newHost(finished);
    rmSync(host.path("/var/lib/netboot-ledger"), { recursive: true });
    await assert.rejects(up(host, op(1, { known: 1 })), /the ledger of desk.* is gone, and generation 1 may have run/);
    assert.ok(!existsSync(open(host)));
  });
  await t.test("the ledger, and a person raises the generation", async () => {
    const host = newHost(finished);
    rmSync(host.path("/var/lib/netboot-ledger"), { recursive: true });
    await up(host, op(2, { known: 1 }));
    assert.deepEqual(ledger(host), ["ordered 2"]);
  });
  await t.test("the ledger's last lines, as after a backup was put back", async () => {
    const host = newHost(finished);
    await up(host, op(2, { known: 1 }));
    claim(host);
    const restored = newHost(finished);
    assert.deepEqual((await up(restored, op(2, { known: 2 }))).changed, []);
    assert.ok(!existsSync(open(restored)));
  });
  await t.test("the state of Pulumi", async () => {
    const host = newHost(finished);
    assert.deepEqual((await up(host, op(1))).changed, []);
    assert.ok(!existsSync(open(host)));
  });
  await t.test("the order itself, before any machine had it", async () => {
    const host = newHost();
    await up(host, op(1));
    rmSync(open(host), { recursive: true });
    assert.deepEqual((await up(host, op(1, { known: 1 }))).changed, []);
    assert.ok(!existsSync(open(host)));
  });
  await t.test("the resource, and it is declared again", async () => {
    const host = newHost(finished);
    await up(host, gone);
    assert.deepEqual((await up(host, op(1))).changed, []);
    assert.deepEqual(ledger(host), ["ordered 1", "done 1"]);
  });
});

test("an order that nobody has claimed can be taken back, and given again", async () => {
  const host = newHost();
  await up(host, op(1));
  const first = nonceOf(host);
  await up(host, gone);
  assert.ok(!existsSync(open(host)) && !existsSync(host.path(`/srv/netboot/claims/${first}`)));
  await up(host, op(1, { known: 1 }));
  assert.notEqual(nonceOf(host), first);
  assert.deepEqual(ledger(host), ["ordered 1", "withdrawn 1", "ordered 1"]);
});

test("an order that a machine has claimed is left to it, whatever the program says now", async () => {
  const host = newHost();
  await up(host, op(1));
  claim(host);
  const nonce = nonceOf(host);
  assert.deepEqual((await up(host, op(1, { known: 1, disk: "serial=B" }))).changed, []);
  assert.equal(nonceOf(host), nonce);
  await up(host, gone);
  assert.deepEqual(ledger(host), ["ordered 1", "left 1"]);
  await up(host, op(1));
  assert.ok(!existsSync(open(host)));
});

test("an order that nobody has claimed follows the program, with another nonce", async () => {
  const host = newHost();
  await up(host, op(1));
  const first = nonceOf(host);
  await up(host, op(1, { known: 1, disk: "serial=B" }));
  assert.notEqual(nonceOf(host), first);
  assert.match(readFileSync(`${open(host)}/job`, "utf8"), /^disk serial=B$/m);
});

test("killed at any tool while an order is given: the next run ends with one order, one token, and the ledger that names it", async () => {
  const base = newHost();
  await up(base, op(1));
  claim(base);
  done(base);
  const whole = newHost(base);
  whole.killAt = 1e9;
  await up(whole, op(2, { known: 1 }));
  const tools = whole.tools();
  assert.ok(tools > 20, `${tools} tools`);
  for (let at = 3; at <= tools; at += 7) {
    const host = newHost(base);
    host.killAt = at;
    await up(host, op(2, { known: 1 })).catch(() => undefined);
    host.killAt = 0;
    await up(host, op(2, { known: 1 }));
    const nonce = nonceOf(host);
    assert.ok(nonce, `killed at ${at}: no order`);
    assert.deepEqual(readdirSync(host.path("/srv/netboot/claims")), [nonce], `killed at ${at}`);
    assert.ok(existsSync(host.path(`/srv/netboot/claims/${nonce}/open`)), `killed at ${at}: no token`);
    assert.match(readFileSync(host.path("/var/lib/netboot-ledger/desk"), "utf8"), new RegExp(`ordered 2 ${nonce} `));
    assert.deepEqual(readdirSync(host.path("/srv/netboot/http/orders")), ["desk"], `killed at ${at}`);
    host.remove();
  }
});
