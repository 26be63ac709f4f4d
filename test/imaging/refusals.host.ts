// What decides whether a disk is erased: the job, which disk it means, whose that is, and the claim.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { disk, MiB, serve } from "./image.ts";
import { type Disk, job, type Job, MACHINE, NONCE, setting, SITE, skip, stamp } from "./machine.ts";

const SIZE = 8 * MiB, STAMPS = 254 * 4096;
const image = skip ? undefined! : serve(disk({ fs: "none", bytes: 6 * MiB }));

const start = (t: TestContext, disks: Disk[], changes?: Job) => setting(t, image, disks, { job: { verify: "stream", ...changes } });

test("a job is followed as it stands or not at all", { skip, concurrency: 2 }, async (t) => {
  const text = job("a".repeat(64)).toString();
  const cases: [string, string, RegExp][] = [
    ["cut", text.slice(0, -8), /cut on its way/],
    ["empty", "", /cut on its way/],
    ["more below", text + "then shell\n", /below its end/],
    ["unknown key", text.replace("then", "eject now\nthen"), /key "eject"/],
    ["twice", text.replace("then", "verify full\nthen"), /verify is there twice/],
    ["missing", text.replace("disk only\n", ""), /disk is missing/],
    ["two blanks", text.replace("disk only", "disk  only"), /value of disk/],
    ["another's nonce", text.replace(NONCE, "f".repeat(32)), /nonce is/],
    ["another machine's", text.replace(MACHINE, "desk-02"), /machine is "desk-02"/],
    ["generation", text.replace("generation 3", "generation 0"), /generation is "0"/],
    ["a command", text.replace("disk only", "disk name=$(reboot)"), /disk is "name=\$\(reboot\)"/],
    ["newer", text.replace("netboot-job 1", "netboot-job 2"), /does not begin with/],
  ];
  const { machine, master } = await start(t, [{ name: "sda", size: SIZE }]);
  const parsed = (text: string) => {
    writeFileSync(join(machine.root, "job"), text);
    return machine.call(`read_job "$NETBOOT_ROOT/job" && echo followed || echo "$WHY"`);
  };
  assert.equal(parsed(text), "followed");
  for (const [name, wrong, words] of cases) assert.match(parsed(wrong), words, name);
  await t.test("one that is wrong", async () => {
    master.files.set(`/orders/${MACHINE}/job`, Buffer.from(cases[3]![1]));
    assert.equal(await machine.run(), "stays");
    assert.match(machine.error, /unknown|does not know; nothing on any disk was changed/);
  });
  await t.test("withdrawn: the machine goes back to its own disk", async (t) => {
    const { machine, master } = await start(t, [{ name: "sda", size: SIZE }]);
    master.files.delete(`/orders/${MACHINE}/job`);
    assert.equal(await machine.run(), "reboots");
    assert.match(machine.error, /no order for this machine any more/);
  });
  await t.test("what follows a failure is in the job", async (t) => {
    const { machine } = await start(t, [], { failure: "poweroff" });
    assert.equal(await machine.run(), "poweroffs");
    assert.match(machine.error, /There are: none/);
  });
});

test("which disk", { skip, concurrency: 2 }, async (t) => {
  const sda = { name: "sda", size: SIZE, serial: "S 1", wwn: "0x5000c5001" }, sdb = { name: "sdb", size: 9 * MiB, serial: "S2" };
  const usb = { name: "sdc", size: SIZE, serial: "STICK", tran: "usb" };
  const cases: [string, string, Disk[], string | RegExp][] = [
    ["the only one", "only", [sda], "sda"],
    ["the only fixed one", "only", [sda, usb, { name: "mmcblk0", size: SIZE, sd: true }, { ...sdb, rm: 1 }, { name: "zram0", size: SIZE }, { name: "sr0", size: SIZE, type: "rom" }], "sda"],
    ["two", "only", [sda, sdb], /2 disks are that\. There are: sda \(8388608 bytes, serial S 1\), sdb \(9437184 bytes, serial S2\)/],
    ["only a stick", "only", [usb], /no disk that may be written is that\. There are: sdc \(8388608 bytes, serial STICK, usb\)/],
    ["a stick by name", "serial=STICK", [sda, usb], "sdc"],
    ["serial", "serial=S 1", [sda, sdb], "sda"],
    ["no such serial", "serial=S", [sda, sdb], /no disk/],
    ["wwn", "wwn=0x5000c5001", [sda, sdb], "sda"],
    ["no wwn", "wwn=0x1", [sda, sdb], /no disk/],
    ["id", "id=ata-S2", [sda, sdb], "sdb"],
    ["no such id", "id=ata-S3", [sda, sdb], /no disk/],
    ["size", "size=9000000-10000000", [sda, sdb], "sdb"],
    ["two sizes", "size=1-10000000", [sda, sdb], /2 disks/],
    ["name", "name=sdb", [sda, sdb], "sdb"],
    ["mounted", "name=sda", [{ ...sda, use: "disk \npart /srv\n" }], /mounted at \/srv/],
    ["held", "only", [{ ...sda, use: "disk \npart \nraid1 \n" }, sdb], "sdb"],
    ["read-only", "name=sda", [{ ...sda, ro: 1 }], /read-only/],
  ];
  for (const [name, wanted, disks, found] of cases) {
    const { machine } = await start(t, disks);
    machine.byId("ata-S2", "sdb");
    const answer = machine.call('find_disk; echo "$DISK_NAME"', { disk: wanted });
    if (typeof found === "string") assert.equal(answer, found, name);
    else assert.match(answer, found, name);
  }
  await t.test("none: said, and nothing else is done", async (t) => {
    const { machine, master } = await start(t, [sda, sdb]);
    assert.equal(await machine.run(), "stays");
    assert.match(machine.error, /2 disks.*; nothing on any disk was changed; name one of them/);
    assert.ok(!master.asked.some((line) => /images|claims/.test(line)));
  });
});

test("whose disk", { skip, concurrency: 2 }, async (t) => {
  const stamped = (values: Parameters<typeof stamp>[0], change = (_: Buffer) => {}) => {
    const content = Buffer.alloc(SIZE, 0x5a);
    const slots = stamp(values);
    change(slots);
    slots.copy(content, STAMPS);
    return content;
  };
  const used = Buffer.alloc(SIZE, 0x5a), end = Buffer.alloc(SIZE);
  end[SIZE - 1] = 1;
  const cases: [string, Buffer, Job, "erase" | "resume" | "again" | RegExp][] = [
    ["blank", Buffer.alloc(SIZE), {}, "erase"],
    ["something", used, {}, /something on it that is not ours/],
    ["something in its last byte", end, {}, /something on it that is not ours/],
    ["something, allowed", used, { overwrite: "yes" }, "erase"],
    ["done", stamped({}), {}, "again"],
    ["done, another order of the generation", stamped({ nonce: "e".repeat(32) }), {}, "again"],
    ["done, a higher generation", stamped({ generation: 4 }), { overwrite: "yes" }, "again"],
    ["an older generation", stamped({ generation: 2 }), {}, "erase"],
    ["half-written", stamped({ state: "writing" }), {}, "resume"],
    ["half-written by an older order", stamped({ state: "writing", nonce: "e".repeat(32) }), {}, "erase"],
    ["half-written by a newer order", stamped({ state: "writing", nonce: "e".repeat(32), generation: 4 }), { overwrite: "yes" }, /half-written by generation 4/],
    ["another machine's", stamped({ machine: "desk-02" }), { overwrite: "yes" }, /belongs to the machine "desk-02" of this site/],
    ["another machine's, half-written", stamped({ machine: "desk-02", state: "writing", generation: 1 }), { overwrite: "yes" }, /belongs to the machine "desk-02"/],
    ["another site's", stamped({ site: "6".repeat(32) }), { overwrite: "yes" }, /another site's machine "desk-01" \(site 6{32}\)/],
    ["another machine's, by the slot that is whole", stamped({ machine: "desk-02" }, (slots) => { slots[4096 + 20]! ^= 1; }), { overwrite: "yes" }, /desk-02/],
    ["the first slot counts", stamped({ generation: 2 }, (slots) => stamp({ generation: 3 }).copy(slots, 4096, 0, 4096)), {}, "again"],
    ["no slot is whole", stamped({}, (slots) => { slots[20]! ^= 1; slots[4096 + 20]! ^= 1; }), {}, /not ours/],
  ];
  for (const [name, content, changes, what] of cases) {
    const { machine } = await start(t, [{ name: "sda", size: SIZE, content }]);
    const answer = machine.call('find_disk; judge_disk; echo "$FINDING"', { disk: "only", site: SITE, generation: 3, overwrite: "no", ...changes });
    if (typeof what === "string") assert.equal(answer, what, name);
    else assert.match(answer, what, name);
  }
  await t.test("done: reported again, with what is on the disk", async (t) => {
    const content = stamped({ generation: 4, nonce: "e".repeat(32) });
    const { machine, master } = await start(t, [{ name: "sda", size: SIZE, content }], { then: "poweroff" });
    assert.equal(await machine.run(), "reboots", machine.error);
    assert.equal(machine.done, `nonce ${"e".repeat(32)}\ngeneration 4\nimage ${"a".repeat(64)}\nend end\n`);
    assert.ok(machine.disk().equals(content) && !master.asked.some((line) => line.startsWith("MOVE")));
  });
  await t.test("another's: not even the claim is taken", async (t) => {
    const content = stamped({ machine: "desk-02" });
    const { machine, master } = await start(t, [{ name: "sda", size: SIZE, content }], { overwrite: "yes" });
    assert.equal(await machine.run(), "stays");
    assert.match(machine.error, /'desk-02' of this site; nothing on any disk was changed; .*netboot-release \/dev\/sda/);
    assert.ok(machine.disk().equals(content) && !master.asked.some((line) => line.startsWith("MOVE")));
  });
  await t.test("the claim is another machine's: nothing is written", async (t) => {
    const { machine, master } = await start(t, [{ name: "sda", size: SIZE }]);
    master.files.delete(`/claims/${NONCE}/open`);
    assert.equal(await machine.run(), "stays");
    assert.match(machine.error, /claim was taken by another machine.*nothing on any disk was changed/);
    assert.ok(machine.disk().equals(Buffer.alloc(SIZE)));
  });
  await t.test("a new main board with a disk that is half-written: nothing more is written before another generation is ordered", async (t) => {
    const content = stamped({ state: "writing" });
    const { machine, master } = await start(t, [{ name: "sda", size: SIZE, content }]);
    master.files.delete(`/claims/${NONCE}/open`);
    master.files.set(`/claims/${NONCE}/by-${"0".repeat(32)}`, Buffer.alloc(0));
    assert.equal(await machine.run(), "stays");
    assert.match(machine.error, /claim was taken by another machine.*; if this machine has a new main board or another disk, raise its generation/);
    assert.ok(machine.disk().equals(content));
    const nonce = "d".repeat(32);
    master.files.set(`/orders/${MACHINE}/job`, job(image.digest, { verify: "stream", nonce, generation: 4 }));
    master.files.set(`/claims/${nonce}/open`, Buffer.alloc(0));
    machine.cmdline({ "netboot.order": nonce });
    assert.equal(await machine.run(), "reboots", machine.error);
    assert.match(master.put.get(`/claims/${nonce}/done`)!.at(-1)!, /^generation 4$/m);
  });
});

test("a stamp is taken off by hand", { skip }, async (t) => {
  const content = Buffer.alloc(SIZE, 0x5a);
  stamp({ machine: "desk-02" }).copy(content, STAMPS);
  const { machine } = await start(t, [{ name: "sda", size: SIZE, content }]);
  const first = machine.release();
  assert.equal(first.status, 0, first.stderr);
  assert.match(first.stdout, /site 5+, machine desk-02, generation 3, image a+, done\n/);
  content.fill(0, STAMPS, MiB);
  assert.ok(machine.disk().equals(content));
  assert.match(machine.release().stderr, /no stamp; nothing was changed/);
});
