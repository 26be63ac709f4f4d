import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { checkScript, findingsOf } from "../../provider/dist/engine/checks/ask.js";
import { parseAnswer } from "../../provider/dist/engine/facts.js";

const facts: any = { os: { id: "debian", version: "12" }, missing: [] };

/** A network of two interfaces in a namespace of its own; on the far one a DHCP server of a few lines may answer. */
function exchange(server: string): { what: string; ok: boolean }[] {
  const checks: any[] = [{ check: "no-other-dhcp", subnet: "10.9.0.0/24", interface: "near" }, { check: "no-other-dhcp", subnet: "10.8.0.0/24" }];
  const script = `
mount -t sysfs sysfs /sys; ip link set lo up; ip link add near type veth peer name far; ip link set far address 02:00:00:00:00:99
ip link set near up; ip link set far up; ip addr add 10.9.0.1/24 dev near; ip addr add 10.9.0.99/24 dev far
${server}
sleep 0.3
${checkScript(checks)}
kill $! 2>/dev/null`;
  const { stdout, stderr } = spawnSync("unshare", [...(process.getuid?.() === 0 ? [] : ["-r"]), "-n", "-m", "sh", "-s"], { input: script, encoding: "utf8" });
  assert.match(stdout, /end\n/, stderr);
  return findingsOf(checks, parseAnswer(stdout), facts);
}

const OFFERING = `perl -e '
use Socket; socket(S, AF_INET, SOCK_DGRAM, 17); setsockopt(S, SOL_SOCKET, SO_BROADCAST, 1); setsockopt(S, SOL_SOCKET, SO_REUSEADDR, 1);
setsockopt(S, SOL_SOCKET, 25, "far\\0"); bind(S, sockaddr_in(67, INADDR_ANY)) or die;
while (1) { recv(S, $q, 1500, 0); next unless substr($q, 0, 1) eq "\\x01";
  substr($q, 0, 1) = "\\x02"; substr($q, 16, 4) = inet_aton("10.9.0.50"); substr($q, 240, 3) = "\\x35\\x01\\x02";
  send(S, $q, 0, sockaddr_in(68, INADDR_BROADCAST)); }' 2>/dev/null &`;

test("another DHCP server is named by address and MAC", () => {
  const [asked, relayed] = exchange(OFFERING);
  assert.equal(asked!.ok, false);
  assert.equal(asked!.what, "another DHCP server answers on 10.9.0.0/24: 10.9.0.99 (02:00:00:00:00:99) offers 10.9.0.50");
  assert.equal(relayed!.what, "10.8.0.0/24 is on no interface of the master: not asked");
});

test("silence is no server", () => {
  const [asked] = exchange(":");
  assert.deepEqual([asked!.ok, asked!.what], [true, "no other DHCP server answers on near for 10.9.0.0/24"]);
});

const judged = (check: any, answer: string, more: object = {}) => {
  const script = `answer\t0\t${Buffer.from(answer).toString("base64")}\n`;
  return findingsOf([check], parseAnswer(script), { ...facts, ...more })[0]!;
};

test("a port may be held by the unit itself, by nobody, or on another address", () => {
  const port = { check: "port", protocol: "udp", port: 67, unit: "u.service", address: "10.0.0.2" };
  const line = (at: string, pid: number) => `ss\tUNCONN 0 0 ${at}:67 0.0.0.0:* users:(("dnsmasq",pid=${pid},fd=4))\n`;
  assert.equal(judged(port, `ours\t7\n${line("0.0.0.0", 7)}`).ok, true);
  assert.equal(judged(port, `ours\t0\n${line("10.0.0.3%eth1", 8)}`).ok, true);
  assert.match(judged(port, `ours\t0\n${line("10.0.0.2", 8)}`).what, /taken by dnsmasq \(process 8\)/);
  assert.equal(judged(port, "ours\t0\n").ok, true);
});

test("a system that is not of the family, or lacks a tool, is named", () => {
  assert.match(judged({ check: "debian" }, "", { os: { id: "alpine", version: "3.20" } }).what, /alpine 3\.20, not of the Debian family/);
  assert.match(judged({ check: "debian" }, "", { missing: ["flock"] }).what, /debian 12 lacks flock/);
  assert.equal(judged({ check: "debian" }, "", { os: { id: "ubuntu", like: "debian", version: "24.04" } }).ok, true);
});

test("what disks are kept in: said how full it is and how much they promise; what is missing is named with its mend", () => {
  const thin = { check: "pool", driver: "lvm-thin", pool: "vg0/netboot" }, zfs = { check: "pool", driver: "zfs", pool: "tank/netboot" };
  assert.deepEqual([judged(thin, "12.30\n1000\n5200\n").ok, judged(thin, "12.30\n1000\n5200\n").what], [true, "vg0/netboot is 13 % full; its disks promise 5.2 times what it holds"]);
  assert.equal(judged(zfs, "4%\n1000\n0\n").what, "tank/netboot is 4 % full; its disks promise 0.0 times what it holds");
  for (const [check, answer, what, mend] of [
    [thin, "none", "there is no thin pool vg0/netboot", /^Make it: lvcreate --type thin-pool -l 90%FREE -n netboot vg0; or/],
    [thin, "other", "vg0/netboot is a logical volume, and no thin pool", /lvcreate --type thin-pool/],
    [thin, "tools", "the tools of lvm-thin are missing", /^Install lvm2 and thin-provisioning-tools/],
    [zfs, "none", "there is no data set tank/netboot", /^Make it: zfs create -o mountpoint=none tank\/netboot/],
    [zfs, "tools", "the tools of zfs are missing", /contrib/],
    [{ check: "lio" }, "6.1.0-56-amd64", "the kernel (6.1.0-56-amd64) has no iSCSI target (LIO)", /Debian's own kernel .* driver: "reflink"/],
  ] as const) {
    const finding = judged(check, answer);
    assert.deepEqual([finding.ok, finding.what], [false, what]);
    assert.match(finding.mend!, mend);
  }
  assert.deepEqual([judged({ check: "lio" }, "lio\n6.1.0\n").ok, judged({ check: "reflink", path: "/s" }, "xfs /s 34 1000 3200").what], [true, "/s lies on xfs, mounted at /s; it is 34 % full, and its disks promise 3.2 times what it holds"]);
});

test("a port of iSCSI may be the kernel's, whoever told it; a process has it to itself", () => {
  const port = { check: "port", protocol: "tcp", port: 3260, unit: "netboot-iscsi.service", address: "10.0.0.2" };
  const kernel = "ss\tLISTEN 0 256 10.0.0.2:3260 0.0.0.0:*\n";
  assert.equal(judged({ ...port, kernel: true }, kernel).ok, true);
  assert.equal(judged(port, kernel).ok, false);
  assert.match(judged({ ...port, kernel: true }, 'ss\tLISTEN 0 256 10.0.0.2:3260 0.0.0.0:* users:(("tgtd",pid=7,fd=6))\n').what, /taken by tgtd \(process 7\)/);
});
