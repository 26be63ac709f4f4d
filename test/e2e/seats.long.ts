// Four seats of one golden disk with a real Debian on it, with BIOS and with UEFI: two keep what they write, two forget it. They outlast whatever befalls their master while they run.
import assert from "node:assert/strict";
import { readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test, type TestContext } from "node:test";
import { type Client, startClient } from "../lab/client.ts";
import { ask, loginWhenSeeded } from "../lab/console.ts";
import { until } from "../lab/exec.ts";
import { powerOff, powerOn, shutDown } from "../lab/fault.ts";
import { type Lab, openLab } from "../lab/lab.ts";
import { type Master, startMaster } from "../lab/master.ts";
import { mountStore, type Store } from "../lab/store.ts";
import { templateDisk } from "../setup/where.mjs";
import { openSite, type Site } from "./cli.ts";

const STORE = "/srv/netboot/volumes";
const golden = readFileSync(templateDisk.digest, "utf8").trim();
const seats = ["keep-bios", "keep-uefi", "discard-bios", "discard-uefi"] as const;
type Seat = (typeof seats)[number];
const keeps = (seat: Seat) => seat.startsWith("keep");
const macOf = (seat: Seat) => `52:54:00:00:10:0${seats.indexOf(seat)}`;

let lab: Lab, master: Master, site: Site, store: Store | undefined;
const clients = {} as Record<Seat, Client>;
before(async () => {
    lab = await openLab();
    master = await startMaster(lab, { daemons: true });
    store = await mountStore(master, STORE, "6G");
    site = await openSite(lab, master, program());
    symlinkSync(templateDisk.packed, join(site.folder, "debian.img.zst"));
    writeFileSync(join(site.folder, "user-data.yaml"), userData);
});
after(async () => {
    site?.[Symbol.dispose]();
    await store?.unmount();
    await lab.close();
});

/** Counts on its disk, about once a second, and notes in memory how far that has been flushed. */
const userData = `#cloud-config
write_files:
  - path: /usr/local/sbin/count
    permissions: "0755"
    content: |
      #!/bin/bash
      for ((n = $(cat /root/count 2>/dev/null | wc -l) + 1; ; n++)); do
        echo $n $EPOCHSECONDS | dd of=/root/count oflag=append conv=notrunc,fsync status=none && echo $n >/run/flushed
        sleep 1
      done
`;

/** `reset`: the generation that keep-bios is to have from its next boot on. */
const program = (reset = 1) => `
const m = master({ storage: {} });
const lan = new netboot.DhcpPool("lan", { master: m, subnet, range });
const golden = new netboot.Volume("golden", { master: m, from: new netboot.DiskImage("debian", { master: m, source: "./debian.img.zst" }) });
const seat = (name, mac, last, how) => new netboot.Machine(name, { master: m, pool: lan, mac, address: site.require("address").replace(/[0-9]+$/, last), boot: boot.diskless(golden, how), cloudInit: { userData: { path: "./user-data.yaml" } } });
${seats.map((seat, i) => `seat("${seat}", "${macOf(seat)}", ${21 + i}, ${keeps(seat) ? `{ generation: ${seat === "keep-bios" ? reset : 1}, when: "nextBoot" }` : '{ persist: "discard" }'});`).join("\n")}`;

const each = <T>(work: (seat: Seat) => Promise<T>) => Promise.all(seats.map(work));
const seconds = (since: number) => ((Date.now() - since) / 1000).toFixed(0);
const digest = async () => (await master.exec(`sha256sum <${STORE}/golden/disk.1`)).slice(0, 64);
/** What is offered to a seat, and who has a session on it. */
const offered = async (seat: Seat) => (await master.exec("tgtadm -C 3261 --lld iscsi --op show --mode target")).split(/^(?=Target )/m).find((target) => target.includes(`:${seat}:golden`))?.replace(/^Target \d+/, "");
const nothingToDo = () => site.up({ args: ["--refresh", "--expect-no-changes"] });

async function comesUp(t: TestContext, seat: Seat, switchOn: () => Promise<unknown>): Promise<void> {
    const began = Date.now();
    await switchOn();
    await clients[seat].waitFor(new RegExp(`^${seat} login:`), 1_500_000);
    const booted = seconds(began);
    await loginWhenSeeded(clients[seat], seat);
    t.diagnostic(`${seat}: from power on to the login ${booted} s, to the end of cloud-init ${seconds(began)} s`);
}

const flushed = async (seat: Seat) => Number(await ask(clients[seat], "cat /run/flushed"));
async function startCounting(seat: Seat): Promise<void> {
    await ask(clients[seat], "echo 0 >/run/flushed; setsid -f count </dev/null >/dev/null 2>&1");
    await until(`${seat} to count`, 120_000, async () => (await flushed(seat)) > 3 || undefined);
}
/** What its disk itself says, past what is in memory: every line that was counted is there once, how many, and the longest time between two from that one on. */
async function counted(seat: Seat, from = 1): Promise<{ lines: number; stood: number }> {
    const said = await ask(clients[seat], `dd if=/root/count iflag=direct bs=1M count=1 status=none | awk 'NR == $1 { right++ } NR > ${from} && $2 - t > most { most = $2 - t } { t = $2 } END { print NR, right + 0, most + 0 }'`);
    const [lines, right, stood] = said.split(" ").map(Number) as [number, number, number];
    assert.equal(right, lines, `${seat}: each line in its place`);
    return { lines, stood };
}

/** All four stand still for `atLeast` so many seconds, and go on by themselves: nothing that was flushed is lost, and no file system has become read-only. */
async function outlast(t: TestContext, what: string, atLeast: number, accident: () => Promise<void>): Promise<void> {
    const earlier = await each(flushed);
    const began = Date.now();
    await accident();
    t.diagnostic(`${what}: the master is back after ${seconds(began)} s`);
    await each(async (seat) => {
        const then = await flushed(seat);
        await until(`${seat} to go on`, 900_000, async () => (await flushed(seat)) > then + 3 || undefined);
        const now = await flushed(seat);
        const { lines, stood } = await counted(seat, earlier[seats.indexOf(seat)]);
        t.diagnostic(`${seat}: ${stood} s without a write, ${lines} lines`);
        assert.ok(lines >= now, `${seat}: ${lines} lines, and ${now} were flushed`);
        assert.ok(stood >= atLeast, `${seat} stood still for ${stood} s only`);
        assert.match(await ask(clients[seat], "findmnt -no OPTIONS /"), /^rw,/);
    });
    assert.equal(await digest(), golden);
}

test("four seats come up from one disk, and each writes to its own", { timeout: 2_400_000 }, async (t) => {
    t.diagnostic(`up ${(await site.up()).seconds.toFixed(0)} s`);
    await each(async (seat) => {
        await comesUp(t, seat, async () => (clients[seat] = await startClient(lab, { name: seat, firmware: seat.split("-")[1] as "bios" | "uefi", mac: macOf(seat), memory: 512 })));
        assert.equal(await ask(clients[seat], "cat /sys/class/iscsi_session/*/recovery_tmo"), "86400", "as the template says");
        await ask(clients[seat], `echo ${seat} >/root/written; sync`);
    });
    assert.equal(await digest(), golden);
});

test("the iSCSI daemon is killed while all four write: they go on", { timeout: 1_800_000 }, async (t) => {
    await each(startCounting);
    await outlast(t, "SIGKILL of the daemon", 5, async () => {
        await master.exec("systemctl kill --signal=KILL netboot-iscsi");
        await until("the daemon", 120_000, async () => (await master.tryExec("systemctl is-active -q netboot-iscsi && systemctl show netboot-iscsi -P NRestarts")).stdout === "1\n" || undefined);
    });
});

test("the master is away while all four write, shut down in good order and killed, and for longer than a system waits by itself: it offers everything again, and they go on", { timeout: 3_600_000 }, async (t) => {
    for (const [off, away] of [[shutDown, 30], [powerOff, 150]] as const)
        await outlast(t, `${off.name}, for ${away} s`, away, async () => {
            await off(master);
            await new Promise((next) => setTimeout(next, away * 1000));
            await powerOn(master);
            await master.settled();
        });
    await nothingToDo();
});

test("the power fails for all of them, master and seats: who keeps has all that was flushed, who discards is fresh", { timeout: 3_600_000 }, async (t) => {
    const then = await each(flushed);
    await store!.lose();
    await Promise.all([powerOff(master), ...seats.map((seat) => clients[seat].cutPower())]);
    await powerOn(master);
    await master.settled();
    await each(async (seat) => {
        await comesUp(t, seat, () => clients[seat].powerOn());
        assert.equal(await ask(clients[seat], "cat /root/written 2>/dev/null"), keeps(seat) ? seat : "");
        if (!keeps(seat)) return assert.equal(await ask(clients[seat], "ls /root/count 2>/dev/null"), "");
        const { lines } = await counted(seat), least = then[seats.indexOf(seat)]!;
        t.diagnostic(`${seat}: ${lines} lines, of which ${least} were seen to be flushed`);
        assert.ok(lines >= least);
    });
    assert.equal(await digest(), golden);
});

test("one seat is reset at its next boot: it is fresh, and the other that keeps goes on with its session, its LUN and its data", { timeout: 2_400_000 }, async (t) => {
    const other = "keep-uefi";
    await startCounting(other);
    const from = await flushed(other), before = await offered(other);
    assert.match(before!, /IP Address: [^]*LUN: 1\n[^]*golden\+keep-uefi\/disk\.1/);
    site.program(program(2));
    t.diagnostic(`up ${(await site.up()).seconds.toFixed(0)} s`);
    await comesUp(t, "keep-bios", () => clients["keep-bios"].restart());
    assert.equal(await ask(clients["keep-bios"], "cat /root/written /root/count 2>/dev/null"), "");
    assert.match((await offered("keep-bios"))!, /golden\+keep-bios\/disk\.2/);
    assert.equal(await offered(other), before);
    assert.equal(await ask(clients[other], "cat /root/written"), other);
    const least = await flushed(other), { lines, stood } = await counted(other, from);
    assert.ok(lines >= least && least > from + 10 && stood < 20, `${from} lines flushed before, ${least} now, ${lines} there, ${stood} s without one`);
    assert.equal(await digest(), golden);
    await nothingToDo();
});
