// Power, against BMCs that are not ours: ipmi_sim, sushy-tools' Redfish emulator, a magic packet on the wire, and a program on the master. One master for all of it.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type Bmc, differences, inWords, type Lab, type Master, openLab, type Snapshot, startBmc, startMaster, until } from "../lab/index.ts";
import { openSite, type Site } from "./cli.ts";
import { netboot as run } from "./netboot.ts";

/** What a site has on its master for a power strip: it writes down who asked what, as whom, and whether a machine that is switched on now would find a server. */
const STRIP = `#!/bin/sh
printf '%s %s %s %s\\n' "$(id -un)" "$NETBOOT_MACHINE" "$*" "$(systemctl is-active netboot-dhcp netboot-http | tr '\\n' ' ')" >>/var/tmp/asked
[ -n "$STRIP_PASSWORD" ] || exit 4
case $3 in status) cat /var/tmp/is 2>/dev/null || echo off ;; off) echo off >/var/tmp/is ;; *) echo on >/var/tmp/is ;; esac
`;
/** In the program, where users should have none: Pulumi itself keeps plain configuration in state. */
const [PASSWORD, BMC_PASSWORD, WRONG_PASSWORD] = ["outlets-are-secret", "bmcs-are-secret", "bmcs-were-secret"];

/** The program: what all boot, and what differs in the access to three of them. */
const program = ({ append = "one", port = 6232, password = BMC_PASSWORD, more = "" } = {}) => `
const m = master({ power: { pauseSeconds: 0 } });
const rescue = image(m);
const what = boot.kernel(rescue, { append: ${JSON.stringify(append)} });
const ipmi = { driver: "ipmi", host: site.require("bmc"), user: "netboot", password: "${BMC_PASSWORD}", cipherSuite: 3, timeoutSeconds: 4 };
const pool = new netboot.DhcpPool("lan", { master: m, subnet, range });
new netboot.Machine("ipmi-1", { master: m, pool, mac: "52:54:00:00:09:01", boot: what, power: { ...ipmi, port: 6231, onChange: "cycle" } });
new netboot.Fleet("rack", { master: m, pool, machines: { "ipmi-2": { mac: "52:54:00:00:09:02", boot: what, power: { ...ipmi, port: ${port}, onChange: "cycle" } } } });
new netboot.Machine("ipmi-3", { master: m, pool, mac: "52:54:00:00:09:06", boot: what, power: { ...ipmi, port: 6233, password: "${password}", onChange: "cycle" } });
new netboot.Machine("redfish-1", { master: m, pool, mac: "52:54:00:00:09:03", boot: what, power: {
    driver: "redfish", url: site.require("url"), publicKey: site.require("publicKey"), user: "netboot", password: "${password}", system: site.require("system"), onChange: "cycle" } });
new netboot.Machine("wol-1", { master: m, pool, mac: "52:54:00:00:09:04", boot: what, power: { driver: "wol", onChange: "on" } });
new netboot.Machine("strip-1", { master: m, pool, mac: "52:54:00:00:09:05", boot: what, power: {
    driver: "command", command: ["/usr/local/sbin/strip", "--outlet", "7; id"], environment: { STRIP_PASSWORD: "${PASSWORD}" }, onChange: "cycle" } });
${more}`;

let lab: Lab, master: Master, bmc: Bmc, site: Site, bare: Snapshot;
before(async () => {
    lab = await openLab();
    [master, bmc] = await Promise.all([startMaster(lab, { daemons: true, files: { "/usr/local/sbin/strip": STRIP } }), startBmc(lab, { machines: 3, password: BMC_PASSWORD })]);
    await master.exec("chmod 755 /usr/local/sbin/strip");
    bare = await master.snapshot();
    // Every argument that any process on the master is given from now on.
    await master.exec(`setsid perl -e '$| = 1; while (1) { for (glob "/proc/[0-9]*/cmdline") { open(my $f, "<", $_) or next; local $/; my $line = <$f> // next; $line =~ tr/\\0/ /; print "$line\\n" unless $seen{$line}++ } select(undef, undef, undef, 0.02) }' >/run/arguments 2>/dev/null </dev/null & echo $! >/run/sampler`);
    site = await openSite(lab, master, program(), { config: { bmc: bmc.address, url: bmc.url, publicKey: bmc.publicKey, system: bmc.system(1) } });
});
after(async () => {
    site?.[Symbol.dispose]();
    await lab?.close();
});

/** What was told since the last look, by all drivers; questions left out. */
const seen = { bmc: 0, strip: 0, wake: 0 };
async function told(): Promise<string[]> {
    // There is no file before the first command: nothing was told.
    const strip = (await master.exec("cat /var/tmp/asked 2>/dev/null || true")).split("\n").filter(Boolean);
    const [asked, woken] = [await bmc.asked(), await bmc.woken()];
    const fresh = [...asked.slice(seen.bmc), ...new Set(woken.slice(seen.wake).map((mac) => `wake ${mac}`)), ...strip.slice(seen.strip).filter((line) => !/ status /.test(line))];
    Object.assign(seen, { bmc: asked.length, strip: strip.length, wake: woken.length });
    return fresh.sort();
}
/** A BMC's cycle goes on after it has answered. */
const cycled = (n: number, times: number) => until(`machine ${n} to be on again`, 10_000, async () => ((await bmc.asked()).filter((line) => line === `ipmi ${n} power 1`).length >= times ? true : undefined));
const strip = (verb: string) => `nobody strip-1 --outlet 7; id ${verb} active active `;

const netboot = (...args: string[]) => run(site, ...args);

test("the preview says who will be switched, and switches nobody", async () => {
    const { text } = await site.run(["preview", "--diff"]);
    assert.equal(text.match(/and will be power-cycled now, unless that was done for this boot before/g)?.length, 5, text);
    assert.match(text, /and will be switched on now/);
    assert.match(text, /POWER-CYCLES 1 machine: ipmi-1/);
    assert.ok(!text.includes(BMC_PASSWORD) && !text.includes(PASSWORD));
    assert.deepEqual(await told(), []);
});

test("up switches each machine by its own way when all is in service, and a second one none", async () => {
    await site.up();
    const first = await told();
    // A machine that is off is switched on by a cycle, one that is on is cycled.
    assert.deepEqual(first, [`ipmi 1 power 1`, `ipmi 2 power 1`, `ipmi 3 power 1`, strip("on"), "redfish 1 ForceRestart", "wake 52:54:00:00:09:04"].sort());
    const state = JSON.stringify(site.state());
    for (const secret of [BMC_PASSWORD, PASSWORD]) assert.ok(!state.includes(secret), secret);
    assert.doesNotMatch(site.resources()["ipmi-1"]!.outputs.nextBoot, /now/, "what was done is no longer announced");
    const { text } = await site.up();
    assert.match(text, /unchanged/);
    assert.deepEqual(await told(), []);
});

test("what cannot be switched is named, and holds up nothing; what can be is done once", async () => {
    site.program(program({ append: "two", port: 6299, password: WRONG_PASSWORD, more: `new netboot.BootMenu("later", { master: m, title: "Later", entries: [{ name: "disk", label: "Disk", boot: boot.local() }], default: "disk" });` }));
    const { text } = await site.up({ expect: "any" });
    assert.deepEqual([...text.matchAll(/^\s+\* (?:Machine|Fleet) "([^"]+)" on/gm)].map(([, name]) => name).sort(), ["ipmi-3", "rack", "redfish-1"], text);
    assert.match(text, new RegExp(`Fleet "rack" on [^\\n]*: what it boots is in service, and one machine could not be switched\\.\\n\\s*ipmi-2 \\(BMC ${bmc.address}:6299\\): no answer within 4 seconds`));
    assert.match(text, new RegExp(`ipmi-3 \\(BMC ${bmc.address}:6233\\): Error: Unable to establish IPMI v2 / RMCP\\+ session: it is silent, or user or password is wrong\\n`));
    assert.match(text, new RegExp(`redfish-1 \\(BMC ${bmc.url}\\): user or password is refused \\(HTTP 401\\)`));
    for (const secret of [WRONG_PASSWORD, BMC_PASSWORD, PASSWORD]) assert.ok(!text.includes(secret), secret);
    await cycled(1, 2);
    assert.deepEqual(await told(), ["ipmi 1 power 0", "ipmi 1 power 1", strip("cycle"), "wake 52:54:00:00:09:04"].sort());
    assert.ok((await master.exec("cat /srv/netboot/http/mac/52-54-00-00-09-02.ipxe /srv/netboot/http/menu/later.ipxe")).includes("quiet two"));

    site.program(program({ append: "two" }));
    await site.up();
    await Promise.all([2, 3].map((n) => cycled(n, 2)));
    const mended = await told();
    assert.deepEqual(mended.filter((line) => !line.startsWith("redfish 1 ")), ["ipmi 2 power 0", "ipmi 2 power 1", "ipmi 3 power 0", "ipmi 3 power 1"]);
    assert.equal(mended.length, 5, "the emulator takes its time to be on again: told On or ForceRestart, but once");
    await site.run(["refresh", "--yes", "--skip-preview"]);
    assert.deepEqual(await told(), []);
});

test("netboot power switches by name, for people and for programs", async () => {
    const all = await netboot("power", "status", "--all", "--json");
    assert.equal(all.code, 0, all.out + all.err);
    assert.deepEqual(JSON.parse(all.out).map(({ machine, words }: any) => [machine, words]).filter(([name]: string[]) => name !== "redfish-1"), [["ipmi-1", "on"], ["ipmi-2", "on"], ["ipmi-3", "on"], ["strip-1", "on"], ["wol-1", "unknown"]]);
    const off = await netboot("power", "off", "ipmi-*");
    assert.equal(off.code, 0, off.err);
    assert.match(off.out, new RegExp(`^ipmi-2 +BMC ${bmc.address}:6232 +switched off$`, "m"));
    assert.match(off.err, /^ipmi-1: switched off$/m);
    assert.deepEqual(await told(), ["ipmi 1 power 0", "ipmi 2 power 0", "ipmi 3 power 0"]);
    const some = await netboot("power", "off", "wol-1", "strip-1");
    assert.equal(some.code, 1);
    assert.match(some.out, /wol-1 .*FAILED: Wake-on-LAN can only switch on/);
    assert.deepEqual(await told(), [strip("off")]);
    const none = await netboot("power", "on", "ipmi-7");
    assert.deepEqual([none.code, await told()], [2, []]);
    assert.match(none.err, /No machine of this stack is called "ipmi-7" and has a power; there are ipmi-1, ipmi-2, ipmi-3/);
});

test("a BMC by Redfish is told nothing that is not trusted, and one that is leads nowhere but to its own systems", async () => {
    const { url, publicKey } = bmc;
    const elsewhere = `@${bmc.address}:8443${bmc.system(2)}`;
    const doubtful: Record<string, { power: object; words: string }> = {
        unsigned: { power: { system: bmc.system(2) }, words: "its certificate is signed by nobody whom the master trusts: give power.publicKey" },
        another: { power: { publicKey: `sha256//${"A".repeat(43)}=`, system: bmc.system(3) }, words: "its key is not power.publicKey: nothing was told to it" },
        misleading: { power: { url: await bmc.misleading(elsewhere), publicKey }, words: `it names ${elsewhere}, which is no path` },
        several: { power: { publicKey }, words: `it has several systems, of which power.system is to name one: ${[1, 2, 3].map(bmc.system).join(" ")}` },
        missing: { power: { publicKey, system: "/redfish/v1/Systems/none" }, words: "HTTP 404 Fake system none was not found" },
    };
    const machines = Object.entries(doubtful).map(([name, { power }], i) => [name, { mac: `52:54:00:00:09:1${i}`, power: { driver: "redfish", url, user: "netboot", password: BMC_PASSWORD, ...power } }]);
    site.program(program({ append: "two", more: `new netboot.Fleet("doubtful", { master: m, pool, machines: ${JSON.stringify(Object.fromEntries(machines))} });` }));
    await site.up();
    const before = (await bmc.heard()).length;
    const ask = async (...names: string[]) => {
        const { code, out, err } = await netboot("power", "status", ...names, "--json");
        assert.equal(code, 1, err);
        assert.ok(!(out + err).includes(BMC_PASSWORD));
        return { heard: (await bmc.heard()).slice(before).sort(), said: JSON.parse(out).map(({ machine, words }: any) => [machine, words]) };
    };
    const words = (...names: string[]) => names.map((name) => [name, doubtful[name]!.words]);
    // A password goes with every request.
    assert.deepEqual(await ask("another", "misleading", "unsigned"), { heard: [], said: words("another", "misleading", "unsigned") });
    assert.deepEqual(await ask("missing", "several"), { heard: ["GET /redfish/v1/Systems 200", "GET /redfish/v1/Systems/none 404"], said: words("missing", "several") });
});

test("netboot power --at-once: no more together than it says, whatever the master's breaker bears", async () => {
    const outlet = `[ $0 = status ] || { echo $NETBOOT_MACHINE begins >>/var/tmp/turns; sleep 1; echo $NETBOOT_MACHINE ends >>/var/tmp/turns; }`;
    const machines = [1, 2].map((n) => [`outlet-${n}`, { mac: `52:54:00:00:09:2${n}`, power: { driver: "command", command: ["/bin/sh", "-c", outlet] } }]);
    site.program(program({ append: "two", more: `new netboot.Fleet("outlets", { master: m, pool, machines: ${JSON.stringify(Object.fromEntries(machines))} });` }));
    await site.up();
    const { code, out, err } = await netboot("power", "on", "outlet-*", "--at-once", "1");
    assert.equal(code, 0, out + err);
    assert.equal(await master.exec("cat /var/tmp/turns"), "outlet-1 begins\noutlet-1 ends\noutlet-2 begins\noutlet-2 ends\n");
});

test("destroy switches nobody, and leaves the master as it was; no argument of any process held a password", async () => {
    await site.destroy();
    assert.deepEqual(await told(), []);
    await master.exec("kill $(cat /run/sampler)");
    const found = await master.exec(`grep -c -e ${BMC_PASSWORD} -e ${PASSWORD} -e ${WRONG_PASSWORD} /run/arguments; grep -c 'ipmitool -I lanplus' /run/arguments`);
    assert.match(found, /^0\n[1-9]/, "either a password was seen, or nobody looked");
    await master.exec("rm -f /var/tmp/asked /var/tmp/is /var/tmp/turns");
    assert.equal(inWords(differences(bare, await master.snapshot())), "");
});
