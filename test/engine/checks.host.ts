import assert from "node:assert/strict";
import { test } from "node:test";
import { asked, judged } from "./questions.ts";

/** Two interfaces with a cable between them, and one without: of a DHCP server of a few lines that may answer on the far one, and of addresses. */
const NETWORK = `
mount -t sysfs sysfs /sys; ip link set lo up; ip link add near type veth peer name far; ip link set far address 02:00:00:00:00:99
ip link set near up; ip link set far up; ip addr add 10.9.0.1/24 dev near; ip addr add 10.9.0.99/24 dev far
ip link add loose type veth peer name end; ip link set loose up; ip addr add 10.7.0.1/24 dev loose`;
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
  const limits = "warn 80\nrefuse 90\npool vg0/netboot\n";
  for (const [full, hint, so] of [[79, undefined, ";"], [80, true, ", and from 80 % on a run that makes volumes warns;"], [90, true, ", and from 90 % on no volume is made;"]] as const) {
    const finding = judged(thin, `${full}.00\n1000\n5200\n${limits}`);
    assert.deepEqual([finding.ok, finding.hint, finding.what], [true, hint, `vg0/netboot is ${full} % full${so} its disks promise 5.2 times what it holds`]);
    assert.equal(judged({ check: "reflink", path: "/s" }, `xfs\n/s ${full} 1000\n3200\n${limits}`).hint, hint);
  }
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
  assert.deepEqual([judged({ check: "lio" }, "lio\n6.1.0\n").ok, judged({ check: "reflink", path: "/s" }, "xfs\n/s 34 1000\n3200\n").what], [true, "/s lies on xfs, mounted at /s; it is 34 % full, and its disks promise 3.2 times what it holds"]);
});

test("a port of iSCSI may be the kernel's, whoever told it; a process has it to itself", () => {
  const port = { check: "port", protocol: "tcp", port: 3260, unit: "netboot-iscsi.service", address: "10.0.0.2" };
  const kernel = "ss\tLISTEN 0 256 10.0.0.2:3260 0.0.0.0:*\n";
  assert.equal(judged({ ...port, kernel: true }, kernel).ok, true);
  assert.equal(judged(port, kernel).ok, false);
  assert.match(judged({ ...port, kernel: true }, 'ss\tLISTEN 0 256 10.0.0.2:3260 0.0.0.0:* users:(("tgtd",pid=7,fd=6))\n').what, /taken by tgtd \(process 7\)/);
});

test("an interface that is not there, one without an address in the subnet, a subnet on none, an address of nobody", async () => {
  const on = (subnet: string, name?: string) => ({ check: "interface", subnet, ...(name && { interface: name }) });
  const address = (address: string) => ({ check: "address", field: "http.address", address });
  const has = "which has far (10.9.0.99), near (10.9.0.1), loose (10.7.0.1)";
  const cases = [
    [on("10.9.0.0/24"), true, "10.9.0.0/24 is on far"],
    [on("10.9.0.0/24", "near"), true, "10.9.0.0/24 is on near"],
    [{ check: "interface", interface: "near" }, true, "near is an interface of the master"],
    [on("10.9.0.0/24", "eth7"), false, `eth7 is no interface of the master, ${has}`, 'Write interface: "far", which has an address in 10.9.0.0/24, or leave it out.'],
    [on("10.6.0.0/24", "eth7"), false, `eth7 is no interface of the master, ${has}`, "Write one that is there as interface."],
    [{ check: "interface", interface: "eth7" }, false, `eth7 is no interface of the master, ${has}`, "Write one that is there as interface."],
    [on("10.9.0.0/24", "loose"), false, `loose has no address in 10.9.0.0/24, so that no machine on it is answered; the master has ${has.slice(10)}`, 'Write interface: "far", which has an address in 10.9.0.0/24, or leave it out.'],
    [on("10.6.0.0/24", "near"), false, `near has no address in 10.6.0.0/24, so that no machine on it is answered; the master has ${has.slice(10)}`, "Give near an address in 10.6.0.0/24."],
    [on("10.6.0.0/24"), false, `10.6.0.0/24 is on no interface of the master, ${has}`, "Give the interface of those machines an address in 10.6.0.0/24, or say relay: true if a router relays their requests."],
    [address("10.9.0.99"), true, "http.address 10.9.0.99 is on far"],
    [address("10.9.0.9"), false, `http.address 10.9.0.9 is on no interface of the master, ${has}`, "Write one of these as http.address, or give 10.9.0.9 to an interface."],
  ] as const;
  const found = await asked(cases.map(([check]) => check), NETWORK);
  for (const [i, [check, ok, what, mend]] of cases.entries()) assert.deepEqual([found[i]!.ok, found[i]!.what, found[i]!.mend], [ok, what, mend], JSON.stringify(check));
});

test("an interface without a carrier is a hint, and a host without ip hinders nobody", async () => {
  const [loose] = await asked([{ check: "interface", subnet: "10.7.0.0/24" }], NETWORK);
  assert.deepEqual([loose!.ok, loose!.hint, loose!.what], [true, true, "loose, which has an address in 10.7.0.0/24, is down"]);
  for (const check of [{ check: "interface", interface: "eth7" }, { check: "address", field: "address", address: "10.9.0.1" }]) assert.deepEqual([judged(check, "").ok, judged(check, "").hint], [true, true]);
});

test("interfaces as ip shows them: of a container, of a bridge, with several addresses, and of many only some", () => {
  const shown = `1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN mode DEFAULT group default qlen 1000\\    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00
2: eth0@if5: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP mode DEFAULT group default \\    link/ether 02:42:ac:11:00:02 brd ff:ff:ff:ff:ff:ff link-netnsid 0
3: br0.7@br0: <BROADCAST,MULTICAST> mtu 1500 qdisc noop state DOWN mode DEFAULT group default qlen 1000\\    link/ether 52:54:00:00:00:01 brd ff:ff:ff:ff:ff:ff
1: lo    inet 127.0.0.1/8 scope host lo\\       valid_lft forever preferred_lft forever
2: eth0    inet 172.17.0.2/16 brd 172.17.255.255 scope global eth0\\       valid_lft forever preferred_lft forever
2: eth0    inet 10.0.0.2/24 scope global secondary eth0:1\\       valid_lft forever preferred_lft forever
3: br0.7    inet 10.0.7.1 peer 10.0.7.2/32 scope global br0.7\\       valid_lft forever preferred_lft forever
`;
  const subnet = (subnet: string) => judged({ check: "interface", subnet }, shown);
  assert.deepEqual([subnet("10.0.0.0/24").what, subnet("10.0.7.0/24").what], ["10.0.0.0/24 is on eth0", "br0.7, which has an address in 10.0.7.0/24, is down"]);
  assert.match(subnet("10.1.0.0/24").what, /which has eth0 \(172\.17\.0\.2, 10\.0\.0\.2\), br0\.7 \(10\.0\.7\.1\)$/);
  const many = Array.from({ length: 12 }, (_, i) => `${i}: v${i}: <UP,LOWER_UP> mtu 1500\n${i}: v${i}    inet 10.5.${i}.1/24\n`).join("");
  assert.match(judged({ check: "interface", subnet: "10.1.0.0/24" }, many).what, /v7 \(10\.5\.7\.1\) and 4 more$/);
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
