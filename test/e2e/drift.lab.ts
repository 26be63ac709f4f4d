// What a hand does on the master: refresh shows it line by line, `up --refresh` puts it right with the least disturbance.
import assert from "node:assert/strict";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { type Lab, openLab } from "../lab/lab.ts";
import { type Master, startMaster } from "../lab/master.ts";
import { daemons, openSite, served, type Site, stand } from "./cli.ts";

let lab: Lab;
let master: Master;
let site: Site;
before(async () => {
    lab = await openLab();
    master = await startMaster(lab, { daemons: true });
    site = await openSite(lab, master, `Object.assign(connection, { dialErrorLimit: 0, perDialTimeout: 3 });
        const m = master(); const rescue = image(m); new netboot.KernelImage("kept", { master: m, kernel: __filename, retain: true }); const lan = new netboot.DhcpPool("lan", { master: m, subnet, range });
        for (const n of [1, 2, 3]) new netboot.Machine("desk-0" + n, { master: m, mac: "52:54:00:00:00:0" + n, boot: boot.kernel(rescue, { append: "desk=" + n }) });`);
    await site.up();
});
after(async () => {
    site[Symbol.dispose]();
    await lab.close();
});

const script = (n: number) => `/srv/netboot/http/mac/52-54-00-00-00-0${n}.ipxe`;
const conf = "/etc/netboot/live/dnsmasq.d/lan.conf";
const look = async () => (await site.run(["refresh", "--preview-only", "--diff"])).text;
/** Texts, modes and links of all that is ours; not times and inodes, which a repair changes. */
const texts = () => master.exec("cd / && find srv/netboot etc/netboot/live/ etc/systemd/system/netboot-* etc/logrotate.d/netboot \\( -type f -printf '%p %m ' -exec md5sum -z {} \\; \\) -o -printf '%p %m %l\\n' | tr '\\0' '\\n' | sort");

/** A hand's work: shown by refresh in these words, put right by up, and these daemons have been left alone meanwhile. */
async function put(hand: string, shown: RegExp[], undisturbed: ("netboot-dhcp" | "netboot-http")[] = ["netboot-dhcp", "netboot-http"]): Promise<void> {
    const wanted = await texts();
    await master.exec(hand);
    const before = await daemons(master);
    const text = await look();
    for (const words of shown) assert.match(text, words);
    await site.up({ args: ["--refresh"] });
    assert.equal(await texts(), wanted);
    const now = await daemons(master);
    for (const unit of undisturbed) assert.deepEqual(now[unit], before[unit], `${unit} was left alone`);
    for (const [unit, { state }] of Object.entries(now)) assert.equal(state, "active", unit);
    assert.match(await served(master, "/mac/52-54-00-00-00-01.ipxe"), /200 OK[^]*desk=1/);
}

test("no drift: nothing is shown and nothing is done, in two round trips at most", async () => {
    const then = await stand(master);
    const counts = join(site.folder, "counts");
    await site.run(["refresh", "--yes", "--skip-preview", "--expect-no-changes"], { env: { NETBOOT_COUNTS: counts } });
    const [{ trips, connections, writes, commits }, ...others] = readFileSync(counts, "utf8").trim().split("\n").map((line) => JSON.parse(line));
    assert.deepEqual([connections, writes, commits, others], [1, 0, 0, []]);
    assert.ok(trips <= 2, `${trips} round trips`);
    assert.deepEqual(await stand(master), then);
    rmSync(counts);
    await site.up({ args: ["--refresh", "--expect-no-changes"], env: { NETBOOT_COUNTS: counts } });
    assert.deepEqual(await stand(master), then);
});

test("a line added, a file deleted, a mode changed: no daemon is disturbed", () =>
    put(
        `sed -i 's/desk=1/desk=one/' ${script(1)} && echo 'echo by hand' >>${script(2)} && rm ${script(3)} && chmod 600 /srv/netboot/http/boot.ipxe`,
        [/- +set netboot-cmdline quiet desk=1\n *\+ +set netboot-cmdline quiet desk=one/, /\+ +echo by hand/, /- +\S*52-54-00-00-00-03\.ipxe/, /boot\.ipxe[^]*0?600/],
    ));

test("a pool's text changed, and its daemon restarted with it: only that daemon is restarted again", () =>
    put(`sed -i 's/,12h/,1m/' ${conf} && systemctl restart netboot-dhcp`, [/- .*,12h\n *\+ .*,1m/], ["netboot-http"]));

test("a pool's text changed, and its daemon never told: it has what it should have", () => put(`sed -i 's/,12h/,1m/' ${conf}`, [/\+ .*,1m/], ["netboot-http"]));

test("a service stopped and disabled", () => put("systemctl disable --now netboot-http 2>/dev/null", [/MasterServer::lab\][^]*netboot-http\.service/], ["netboot-dhcp"]));

test("the link to the set in service replaced", () =>
    put("cp -a /etc/netboot/live/. /etc/netboot/mine && echo '# mine' >>/etc/netboot/mine/dnsmasq.conf && ln -sfn mine /etc/netboot/live", [/\+ +# mine/], ["netboot-http"]));

test("a package purged", () => put("apt-get purge -y -q ipxe >/dev/null 2>&1", [/MasterServer::lab\][^]*- +ipxe/]));

test("a master that does not answer is an error and no news: state stays as it is", async () => {
    const known = () => Object.fromEntries(Object.entries(site.resources()).map(([name, { inputs, outputs }]) => [name, { inputs, outputs }]));
    const before = known();
    await master.exec("systemctl stop ssh.socket ssh 2>/dev/null; true");
    const { text } = await site.run(["refresh", "--yes", "--skip-preview"], { expect: 1 });
    assert.match(text, /cannot reach root@/);
    assert.deepEqual(known(), before);
    await master.exec("systemctl start ssh");
    await site.run(["refresh", "--yes", "--skip-preview", "--expect-no-changes"]);
});

test("destroyed, what is retained stays and all else goes; up again finds it there", async () => {
    const blobs = async () => (await master.tryExec("cd /srv/netboot/http/blob && echo */*")).stdout.trim();
    await site.destroy();
    assert.match(await blobs(), /^[0-9a-f]{64}\/index\.js$/);
    const counts = join(site.folder, "again");
    await site.up({ env: { NETBOOT_COUNTS: counts } });
    assert.equal(JSON.parse(readFileSync(counts, "utf8")).uploads, 1, "of two images one was brought");
    assert.equal((await blobs()).split(" ").length, 2);
});
