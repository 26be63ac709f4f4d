// `netboot doctor`: what stands in the way of an `up`, and what is ill of a master in service, for people and for programs.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { dhcp, openLab, startMaster } from "../lab/index.ts";
import type { Project } from "../pulumi/project.ts";
import { site } from "./site.ts";

const cli = join(import.meta.dirname, "..", "..", "sdk", "dist", "cli", "main.js");

async function doctor(project: Project, ...flags: string[]): Promise<{ code: number; out: string; err: string }> {
    const child = spawn(process.execPath, [cli, "doctor", ...flags], { cwd: project.folder, env: project.env, stdio: ["ignore", "pipe", "pipe"] });
    const ended = new Promise<number>((resolve) => child.on("close", (code) => resolve(code ?? 255)));
    const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
    return { code: await ended, out, err };
}

interface Found {
    check: string;
    ok: boolean;
    hint?: true;
    what: string;
    mend?: string;
}

/** What is found, by check, in the order of the table: what is ill, and what is a hint. The exit code says whether there is any of the first. */
async function found(project: Project): Promise<{ ill: Record<string, Found>; hints: string[]; all: Found[] }> {
    const { code, out, err } = await doctor(project, "--json");
    const all = JSON.parse(out) as Found[];
    const ill = all.filter(({ ok }) => !ok);
    assert.equal(code, ill.length ? 1 : 0, err);
    return { ill: Object.fromEntries(ill.map((one) => [one.check, one])), hints: all.flatMap(({ hint, check }) => (hint ? [check] : [])), all };
}

test("doctor names what stands in the way and its mend, and writes nothing", async () => {
    await using lab = await openLab();
    const master = await startMaster(lab);
    using project = await site(lab, master, "quickstart");
    const before = await master.exec("find /etc /srv /var/lib | sort | sha256sum");

    const well = await doctor(project);
    assert.equal(well.code, 0, well.out + well.err);
    assert.match(well.out, new RegExp(`^root@${master.host}:22\\n`));
    assert.match(well.out, /ok {4}the system is debian 12/);
    assert.match(well.out, /ok {4}nothing is in service here yet: the first up puts it there/);
    assert.match(well.out, /hint {2}whether a firewall .* could not be told: neither nft nor iptables-save is there {2}\(MasterServer "lab"\)/);

    await master.exec("perl -MIO::Socket::INET -e '$s = IO::Socket::INET->new(LocalPort => 80, Listen => 1, ReuseAddr => 1) or die; if (fork) { exit } close STDOUT; close STDERR; sleep 600'");
    const ill = await doctor(project, "--json");
    assert.equal(ill.code, 1);
    const bad = JSON.parse(ill.out).filter(({ ok }: { ok: boolean }) => !ok);
    assert.equal(bad.length, 1, ill.out);
    assert.match(bad[0].what, /tcp port 80 is taken by perl \(process \d+\)/);
    assert.equal(bad[0].for, 'MasterServer "lab"');
    assert.ok(bad[0].mend);
    assert.equal(await master.exec("find /etc /srv /var/lib | sort | sha256sum"), before);

    await master.stop();
    const gone = await doctor(project);
    assert.equal(gone.code, 1);
    assert.match(gone.out, /FAIL {2}cannot reach/);
});

test("doctor of a master in service names what is ill there, with what mends it", async (t) => {
    await using lab = await openLab();
    const master = await startMaster(lab, { daemons: true });
    using project = await site(lab, master, "quickstart");
    await project.run(["up", "--yes", "--skip-preview"]);

    await t.test("all is well after an up", async () => {
        const { ill, all } = await found(project);
        assert.deepEqual(ill, {});
        const said = all.map(({ what }) => what).join("\n");
        assert.match(said, /^netboot-dhcp\.service, netboot-http\.service are running$/m);
        assert.match(said, new RegExp(`^http://${master.host}/boot\\.ipxe is answered$`, "m"));
        assert.match(said, new RegExp(`^tftp://${master.host}/undionly\\.kpxe is handed out, [0-9]{5} bytes$`, "m"));
        for (const user of ["www-data", "dnsmasq"]) assert.match(said, new RegExp(`^${user} can read what is served`, "m"));
    });

    await t.test("units that were stopped, files and folders that daemons cannot read any more", async () => {
        const [script, folder] = ["/srv/netboot/http/mac/52-54-00-00-00-01.ipxe", (await master.exec("ls -d /srv/netboot/http/blob/*")).split("\n")[0]!];
        await master.exec(`systemctl stop netboot-http netboot-dhcp; chmod 600 ${script}; chown root:nogroup ${folder}; chmod 750 ${folder}; chmod 700 /srv/netboot/dhcp-hosts`);
        const { ill, all } = await found(project);
        assert.deepEqual(Object.keys(ill).sort(), ["http", "readable", "tftp", "units"]);
        assert.equal(ill.units!.what, "netboot-dhcp.service is inactive, netboot-http.service is inactive");
        assert.match(ill.units!.mend!, /journalctl -u netboot-dhcp\.service; journalctl -u netboot-http\.service\./);
        assert.match(ill.http!.what, /boot\.ipxe is not answered \(connect: Connection refused\)$/);
        const [web, tftp] = all.filter(({ check }) => check === "readable");
        assert.match(web!.what, new RegExp(`${script} \\(mode 600, root:root\\)`));
        assert.match(web!.what, new RegExp(`${folder} \\(mode 750, root:nogroup\\)`));
        assert.equal(tftp!.what, "dnsmasq cannot read /srv/netboot/dhcp-hosts (mode 700, root:root), and so nothing below it");
        // Both halves of the mend.
        await project.run(["up", "--yes", "--skip-preview", "--refresh"]);
        const left = await found(project);
        assert.deepEqual(Object.keys(left.ill), ["readable"]);
        await master.exec(/by hand: (.*)/.exec(left.ill.readable!.mend!)![1]!);
        assert.deepEqual((await found(project)).ill, {});
    });

    await t.test("a firewall that keeps machines out, and one that lets them in", async () => {
        const offers = async () => (await dhcp.discover({ network: lab.network, client: "biosPxe", mac: "52:54:00:00:00:01", waitMs: 4000 })).length;
        await master.exec(`apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends nftables >/dev/null
            nft 'table inet filter { chain input { type filter hook input priority filter; policy drop; ct state established,related accept; iif lo accept; tcp dport 22 accept; }; }'`);
        const { ill, hints } = await found(project);
        assert.deepEqual(Object.keys(ill), ["firewall"]);
        assert.equal(ill.firewall!.what, "a firewall of the master keeps out 67/udp, 69/udp, 80/tcp (chain input of table inet filter)");
        assert.ok(!hints.includes("firewall"));
        assert.equal(await offers(), 0);
        await master.exec("nft 'add rule inet filter input udp dport { 67, 69 } accept; add rule inet filter input tcp dport 80 accept'");
        assert.deepEqual((await found(project)).ill, {});
        assert.equal(await offers(), 1);
        await master.exec("nft delete table inet filter");
    });

    await t.test("an interface and an address that the master has not; up refuses the first, too", async () => {
        const before = await master.exec("cat /etc/netboot/live/dnsmasq.d/lan.conf");
        project.edit((text) => text.replace('DhcpPool("lan", {', 'DhcpPool("lan", { interface: "eth7",'));
        const why = /eth7 is no interface of the master, which has eth0 \([0-9.]+\)/;
        const { text } = await project.run(["up", "--yes", "--skip-preview"], { expect: 1 });
        assert.match(text, why);
        assert.equal(await master.exec("cat /etc/netboot/live/dnsmasq.d/lan.conf"), before);
        project.edit((text) => text.replace('address: site.require("address")', `address: "${lab.at(77)}"`));
        const { ill } = await found(project);
        assert.deepEqual(Object.keys(ill).sort(), ["address", "http", "interface", "tftp"]);
        assert.match(ill.interface!.what, why);
        assert.equal(ill.interface!.mend, `Write interface: "eth0", which has an address in ${lab.network.subnet}, or leave it out.`);
        assert.match(ill.address!.what, new RegExp(`^address ${lab.at(77)} is on no interface of the master, which has eth0`));
    });
});

test("doctor outside a Pulumi project, and with a word it does not know, says what it needs", async () => {
    const outside = await doctor({ folder: "/", env: process.env } as Project);
    assert.equal(outside.code, 1);
    assert.match(outside.err, /netboot: /);
    const child = spawn(process.execPath, [cli, "docter"], { stdio: ["ignore", "ignore", "pipe"] });
    assert.match(await text(child.stderr!), /netboot doctor/);
});
