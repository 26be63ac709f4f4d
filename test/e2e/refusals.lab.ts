// What stands in the way of an `up` is said before the first write, and the master stays as it was; what goes wrong later is put back.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type Lab, openLab } from "../lab/lab.ts";
import { type Master, startMaster } from "../lab/master.ts";
import { differences, inWords, type Snapshot } from "../lab/snapshot.ts";
import { daemons, openSite, served, type Site } from "./cli.ts";

let lab: Lab;
let master: Master;
let plain: Snapshot;
let site: Site;
before(async () => {
    lab = await openLab();
    master = await startMaster(lab);
    await master.exec("useradd -m -s /bin/sh guest && cp -r /root/.ssh /home/guest/ && chown -R guest /home/guest/.ssh");
    plain = await master.snapshot();
    site = await openSite(lab, master, "");
});
after(async () => {
    site[Symbol.dispose]();
    await lab.close();
});

const simple = 'const m = master(); image(m); new netboot.Machine("desk-01", { master: m, mac: "52:54:00:00:00:01" });';

/** Makes it so, sees `up` fail with these words, undoes it, and finds the master as it was. */
async function refused(make: string, undo: string, expected: RegExp[], program = simple): Promise<void> {
    await master.exec(make);
    site.program(program);
    const { text } = await site.up({ expect: 1 });
    await master.exec(undo);
    for (const words of expected) assert.match(text, words);
    assert.deepEqual(site.resources(), {}, "no resource in state either");
    assert.equal(inWords(differences(plain, await master.snapshot())), "");
}

test("ports that are taken are named with who has them, all at once", async () => {
    const hold = (type: string, port: number) => `use IO::Socket::INET; $s = IO::Socket::INET->new(LocalPort => ${port}, Proto => "${type}", ${type === "tcp" ? "Listen => 1, " : ""}) or die "$!"; if (fork) { exit } close STDOUT; close STDERR; $0 = "squatter-${port}"; sleep 600`;
    await refused(
        [["udp", 67], ["udp", 69], ["tcp", 80]].map(([type, port]) => `perl -e '${hold(type as string, port as number)}'`).join(" && "),
        "for p in /proc/[0-9]*; do grep -qs '^squatter-' $p/cmdline && kill ${p#/proc/}; done; true",
        [/MasterServer "lab" on .*udp port 67 is taken by (perl|squatter-67) \(process \d+\)/, /udp port 69 is taken by (perl|squatter-69) \(process \d+\)/, /tcp port 80 is taken by (perl|squatter-80) \(process \d+\)/],
    );
});

test("a user without sudo", () => refused("true", "true", [/sudo[^]*guest ALL=\(root\) NOPASSWD: ALL/], `const m = master({ connection: { ...connection, user: "guest" } });`));

test("a disk without room", () => refused("mount -t tmpfs -o size=1m none /srv", "umount /srv", [/\/srv\/netboot needs \d+ MiB and \/srv has 1 MiB free/]));

test("a system that is no Debian", () =>
    refused(
        "echo 'ID=fedora\nVERSION_ID=41' >/tmp/os && mount --bind /tmp/os /usr/lib/os-release", "umount /usr/lib/os-release && rm /tmp/os",
        [/the system is fedora 41, not of the Debian family[^]*Debian 12 or 13/],
    ));

test("a master that lacks a shell tool", () => refused("mv /usr/bin/flock /usr/bin/flock.away", "mv /usr/bin/flock.away /usr/bin/flock", [/debian 12 lacks flock/]));

test("packages that are not to be had", () =>
    refused(
        "mkdir /tmp/lists && mount --bind /tmp/lists /var/lib/apt/lists && mkdir -p /tmp/etc && mount --bind /tmp/etc /etc/apt",
        "umount /etc/apt /var/lib/apt/lists", [/apt-get could not do its work for [^]*(Unable to locate package|no installation candidate)/],
    ));

test("a daemon that does not come up with the new configuration: the previous one is back in service, with the daemon's words", async () => {
    site.program(simple);
    await site.up();
    // Stands for whatever a checker cannot see.
    await master.exec(`mkdir -p /etc/systemd/system/netboot-http.service.d && cat >/etc/systemd/system/netboot-http.service.d/test.conf <<'END'
[Service]
ExecStartPre=/bin/sh -c 'if grep -q 8080 /etc/netboot/live/nginx.conf; then echo cannot abide 8080 >&2; exit 1; fi'
END
systemctl daemon-reload`);
    const conf = await master.exec("cat /etc/netboot/live/nginx.conf");
    site.program(simple.replace("master()", "master({ http: { port: 8080 } })"));
    const { text } = await site.up({ expect: 1 });
    assert.match(text, /MasterServer "lab" on .*netboot-http\.service did not stay up with its new configuration, and the previous files are back in service/);
    assert.match(text, /cannot abide 8080/);
    assert.equal(await master.exec("cat /etc/netboot/live/nginx.conf"), conf);
    for (const [unit, { state }] of Object.entries(await daemons(master))) assert.equal(state, "active", unit);
    assert.match(await served(master, "/boot.ipxe"), /200 OK/);

    await master.exec("rm -r /etc/systemd/system/netboot-http.service.d && systemctl daemon-reload");
    await site.up();
    assert.match(await master.exec("cat /etc/netboot/live/nginx.conf"), /8080/);
    await site.destroy();
    assert.equal(inWords(differences(plain, await master.snapshot())), "");
});
