import assert from "node:assert/strict";
import { test } from "node:test";
import { asked, judged } from "./questions.ts";

/** Two interfaces with a cable between them; on the far one a DHCP server of a few lines may answer. */
const NETWORK = `
mount -t sysfs sysfs /sys; ip link set lo up; ip link add near type veth peer name far; ip link set far address 02:00:00:00:00:99
ip link set near up; ip link set far up; ip addr add 10.9.0.1/24 dev near; ip addr add 10.9.0.99/24 dev far`;
const exchange = (server: string) => asked([{ check: "no-other-dhcp", subnet: "10.9.0.0/24", interface: "near" }, { check: "no-other-dhcp", subnet: "10.8.0.0/24" }], `${NETWORK}\n${server}\nsleep 0.3`);

const OFFERING = `perl -e '
use Socket; socket(S, AF_INET, SOCK_DGRAM, 17); setsockopt(S, SOL_SOCKET, SO_BROADCAST, 1); setsockopt(S, SOL_SOCKET, SO_REUSEADDR, 1);
setsockopt(S, SOL_SOCKET, 25, "far\\0"); bind(S, sockaddr_in(67, INADDR_ANY)) or die;
while (1) { recv(S, $q, 1500, 0); next unless substr($q, 0, 1) eq "\\x01";
  substr($q, 0, 1) = "\\x02"; substr($q, 16, 4) = inet_aton("10.9.0.50"); substr($q, 240, 3) = "\\x35\\x01\\x02";
  send(S, $q, 0, sockaddr_in(68, INADDR_BROADCAST)); }' 2>/dev/null &`;

test("another DHCP server is named by address and MAC", async () => {
  const [asked, relayed] = await exchange(OFFERING);
  assert.equal(asked!.ok, false);
  assert.equal(asked!.what, "another DHCP server answers on 10.9.0.0/24: 10.9.0.99 (02:00:00:00:00:99) offers 10.9.0.50");
  assert.deepEqual([relayed!.ok, relayed!.hint, relayed!.what], [true, true, "10.8.0.0/24 is on no interface of the master: not asked"]);
});

test("silence is no server", async () => {
  const [asked] = await exchange(":");
  assert.deepEqual([asked!.ok, asked!.what], [true, "no other DHCP server answers on near for 10.9.0.0/24"]);
});

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

test("a clock counts as wrong by what cannot be the way of the answer, from a minute on; an unkept one is a hint", async () => {
  const at = (seconds: number, synchronised = "") => judged({ check: "clock" }, `${seconds}.000000000\n${synchronised}`, { when: { from: 1_000_000_000, to: 1_000_005_000 } });
  assert.deepEqual([at(1_000_000, "yes").ok, at(1_000_004).what], [true, "the master's clock agrees with that of this machine"]);
  assert.deepEqual(at(1_000_060), { ...at(1_000_060), ok: true, what: "the master's clock is 55 s ahead of that of this machine" });
  for (const [seconds, what] of [[1_000_066, "61 s ahead of"], [999_939, "61 s behind"], [1_000_000 - 7 * 3600, "7 h behind"], [1_000_005 + 10 * 86400, "10 days ahead of"]] as const) {
    const { ok, what: words, mend } = at(seconds, "yes");
    assert.deepEqual([ok, words], [false, `the master's clock is ${what} that of this machine`]);
    assert.match(mend!, /time server/);
  }
  assert.deepEqual([at(1_000_000, "no").ok, at(1_000_000, "no").hint, at(1_000_000, "no").what], [true, true, "the master's clock agrees with that of this machine, and no time server keeps it"]);
  assert.equal(judged({ check: "clock" }, "").hint, true);
  const [here] = await asked([{ check: "clock" }]);
  assert.match(here!.what, /^the master's clock agrees/);
});
