// Windows PE: what the master makes of a directory and of an ISO image, and what real iPXE hands to the loader. Nothing of Windows is here, and none of it runs.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { type Lab, type Master, openLab, startClient, startMaster } from "../lab/index.ts";
import { winpe } from "../setup/where.mjs";
import { biosStandIn } from "../winpe/standIn.ts";
import { openSite, type Site } from "./cli.ts";

const mac = "52:54:00:00:00:71";
const sha256 = (data: Buffer | string) => createHash("sha256").update(data).digest("hex");
const loader = biosStandIn();
const start = "net use Z: \\\\10.0.0.2\\install\nif 'a'==\"b\" echo %PATH% `id` $HOME\n";

let lab: Lab;
let master: Master;
let site: Site;
before(async () => {
    lab = await openLab();
    master = await startMaster(lab, { daemons: true });
    await master.exec("head -c 100000 /dev/zero >/root/empty.iso");
    site = await openSite(lab, master, "", { config: { media: winpe.media, iso: winpe.iso } });
    writeFileSync(join(site.folder, "wimboot"), loader);
    mkdirSync(join(site.folder, "drivers/x64 bits"), { recursive: true });
    writeFileSync(join(site.folder, "drivers/netkvm.inf"), "; a driver\r\n");
    writeFileSync(join(site.folder, "drivers/x64 bits/netkvm.sys"), "its code");
    writeFileSync(join(site.folder, "start.cmd"), start);
    site.program(program());
});
after(async () => {
    site?.[Symbol.dispose]();
    await lab?.close();
});

const program = ({ digest = sha256(loader), index = "", more = "" } = {}) => `
const m = master();
const lan = new netboot.DhcpPool("lan", { master: m, subnet, range });
const wimboot = { path: "./wimboot", sha256: "${digest}" };
const pe = new netboot.WinPeImage("pe", { master: m, wimboot, source: site.require("media"), drivers: ["./drivers"], startScript: { path: "./start.cmd" }${index} });
const setup = new netboot.WinPeImage("setup", { master: m, wimboot, source: site.require("iso"), index: 2 });
new netboot.Machine("pc", { master: m, mac: "${mac}", boot: boot.winpe(pe) });
${more}`;

const folder = (name: string) => `/srv/netboot/http${new URL(site.resources()[name]!.outputs.url).pathname}`;
const digests = async (path: string) =>
    Object.fromEntries((await master.exec(`cd ${path} && sha256sum *`)).trim().split("\n").map((line) => line.split(/ +\*?/).reverse())) as Record<string, string>;
const parts = { BCD: "Boot/BCD", "boot.sdi": "Boot/boot.sdi", "boot.wim": "sources/boot.wim" };
const original = Object.fromEntries(Object.entries(parts).map(([name, path]) => [name, sha256(readFileSync(join(winpe.media, path)))]));

test("a wrong loader and an image that is not there are refused in the preview", async () => {
    // One by one: the engine may end at the first.
    const refused = async (wrong: Parameters<typeof program>[0]) => (site.program(program(wrong)), (await site.run(["preview"], { expect: 1 })).text);
    assert.match(await refused({ digest: "0".repeat(64) }), new RegExp(`wimboot is "./wimboot", whose SHA-256 is ${sha256(loader)} and not 0000`));
    assert.match(await refused({ index: ", index: 3" }), /index is 3, and \S*boot\.wim" holds 2 images \(1: Stand-in for Windows PE \(x64\), 2: Stand-in for Windows Setup \(x64\)\)/);
});

test("the master makes what is served, and says of what it cannot use why", async (t) => {
    site.program(program({ more: `new netboot.WinPeImage("empty", { master: m, wimboot, source: { master: "/root/empty.iso", sha256: "${sha256(Buffer.alloc(100_000))}" } });` }));
    const { text, seconds } = await site.up({ expect: 1, args: ["--continue-on-error", "--diff"] });
    t.diagnostic(`up ${seconds.toFixed(1)} s`);
    assert.match(text, /\/root\/empty\.iso cannot be unpacked/);
    assert.match(text, /Windows PE pe sha256:[0-9a-f]{12} \(x86_64\); then whatever its start script does/);
    site.program(program());
    await site.up({ args: ["--refresh", "--expect-no-changes"] });

    assert.deepEqual(await digests(folder("setup")), original, "an ISO image's files are the directory's");
    const changed = await digests(folder("pe"));
    assert.deepEqual({ ...changed, "boot.wim": "" }, { ...original, "boot.wim": "" });
    const inside = (path: string) => master.exec(`wimextract '${folder("pe")}/boot.wim' 1 '${path}' --to-stdout`);
    assert.equal(await inside("/Windows/System32/winpeshl.ini"), '[LaunchApps]\r\n"netboot.cmd"\r\n');
    assert.equal(await inside("/Windows/System32/netboot.cmd"), '@echo off\r\nfor /r %SystemDrive%\\netboot\\drivers %%f in (*.inf) do drvload "%%f"\r\nwpeinit\r\ncall %SystemDrive%\\netboot\\start.cmd\r\n');
    assert.equal(await inside("/netboot/start.cmd"), start.replaceAll("\n", "\r\n"));
    assert.equal(await inside("/netboot/drivers/0/netkvm.inf"), "; a driver\r\n");
    assert.equal(await inside("/netboot/drivers/0/x64 bits/netkvm.sys"), "its code");
    assert.equal(await inside("/Windows/System32/startnet.cmd"), "wpeinit\r\n", "what was there is there");
    assert.match(await master.exec(`wimverify '${folder("pe")}/boot.wim' 2>&1`), /success/);
    assert.doesNotMatch(await master.exec(`wimdir '${folder("pe")}/boot.wim' 2`), /netboot/, "the other image stays as it is");
});

test("iPXE hands the loader its files, each under the name that wimboot looks for, with nothing lost", { timeout: 300_000 }, async (t) => {
    const began = Date.now();
    const client = await startClient(lab, { name: "pc", firmware: "bios", mac });
    await client.waitFor(/^WIMBOOT end/, 240_000);
    t.diagnostic(`from power on ${((Date.now() - began) / 1000).toFixed(0)} s`);
    const given = Object.fromEntries(client.serial().flatMap((line) => { const [, name, digest] = /^WIMBOOT file=(\S+) sha256=(\S+)/.exec(line) ?? []; return name ? [[name, digest]] : []; }));
    assert.deepEqual(given, await digests(folder("pe")));
    assert.deepEqual(Object.keys(given).sort(), ["BCD", "boot.sdi", "boot.wim"]);
});
