import type { LocalBoot, MachineInput } from "@pulumi-netboot/schema/filled";
import { captureJob, cloneJob } from "../../boot/clone";
import { disklessProblems, disklessState, disklessSummary } from "../../boot/diskless";
import { firmwareProblems, firstFile } from "../../boot/firmware";
import { bootProblems, choiceProblems, localProblems, normalisedBoot } from "../../boot/rules";
import { memtestBuilds, memtestState } from "../../boot/memtest";
import { HTTP, script, SITE } from "../../boot/script";
import { secureFiles, secureFirst, secureProblems } from "../../boot/secure";
import { summary } from "../../boot/summary";
import type { Boot, CaptureBoot, CloneBoot, InstallBoot, MasterRef } from "../../boot/types";
import type { HostState } from "../../engine/state";
import { canonicalMac, canonicalUuid, encodedSerial, macFault, serialFault, uuidFault } from "../../identity";
import { ipv4, range, subnet, within } from "../../net";
import { normalisedPower, powerClaims, type Powered, powerProblems, powerState, switchOf } from "../../power/power";
import { answersProblems, answersState, installCmdline } from "../../install/install";
import { installJob } from "../../install/order";
import { templates } from "../../render";
import type { Claim, Desired, Problem } from "../../resource";
import { seedClaims, seedProblems } from "../../seed/rules";
import { seeded, seedState, seedSummary, takesSeed } from "../../seed/seed";
import { hasUnknown, UNKNOWN } from "../../unknown";

/** One machine, wherever it was declared: as a resource of its own, or as an entry of a fleet. `localBoot` is the master's where it has none. */
export type Machine = MachineInput & { localBoot: LocalBoot };

const template = templates(__dirname);
const text = <T>(value: T, change: (text: string) => string) => (typeof value === "string" ? change(value) : value);

export function normalised(input: Machine): Machine {
  const { mac, uuid, hostname, master, power } = input;
  return {
    ...input,
    ...(mac !== undefined && { mac: text(mac, canonicalMac) }),
    ...(uuid !== undefined && { uuid: text(uuid, canonicalUuid) }),
    ...(hostname !== undefined && { hostname: text(hostname, (name) => name.toLowerCase()) }),
    ...(power && { power: normalisedPower(power) }),
    boot: normalisedBoot(input.boot),
    // The one default that no schema can hold: it is the master's.
    localBoot: input.localBoot ?? master.localBoot,
  };
}

/** The ways in which the server may be asked for this machine, the strongest first. */
const identities = ({ mac, uuid, serial }: Machine): string[] =>
  [mac && `mac/${mac.replace(/:/g, "-")}.ipxe`, uuid && `uuid/${uuid}.ipxe`, serial && `serial/${hasUnknown(serial) ? UNKNOWN : encodedSerial(serial)}.ipxe`].filter((path): path is string => !!path);

export function problemsOf(machine: Machine): Problem[] {
  const { name, mac, uuid, serial, boot, localBoot } = machine;
  const bad = (property: string, value: unknown, fault: string | undefined, mend: string): Problem[] => (fault ? [{ property, reason: `${property} is "${value}", ${fault}: ${mend}.` }] : []);
  return [
    ...(identities(machine).length ? [] : [{ property: "mac", reason: `mac is missing, and so are uuid and serial: give at least one of them, so that ${name} can be recognised.` }]),
    ...bad("mac", mac, mac && macFault(mac), "give the card's own address, or recognise the machine by uuid or serial"),
    ...bad("uuid", uuid, uuid && uuidFault(uuid), "recognise the machine by mac or serial"),
    ...bad("serial", serial, serial && serialFault(serial), "recognise the machine by mac or uuid"),
    ...addressProblems(machine),
    ...hostnameProblems(machine),
    ...firmwareProblems(machine),
    ...secureProblems(machine),
    ...(boot.kind === "local" ? [] : localProblems(localBoot, "localBoot")),
    ...disklessProblems(machine),
    ...choiceProblems(boot, "boot"),
    ...(boot.kind === "diskless" ? [] : bootProblems(seeded(machine), "boot", localBoot, machine.master)),
    ...answersProblems(machine),
    ...seedProblems(machine),
    ...powerProblems(powered(machine)),
  ];
}

/** With the name that its power goes by: `mac-52-54-00-00-00-01`. */
const powered = (machine: Machine): Powered => ({ ...machine, key: identities(machine)[0]?.replace("/", "-").replace(/\.ipxe$/, "") });

function addressProblems({ mac, address, pool, master }: Machine): Problem[] {
  if (!address) return [];
  const say = (why: string): Problem[] => [{ property: "address", reason: `address is ${address}, ${why}.` }];
  if (!mac) return say("but there is no mac, and DHCP knows a machine by nothing else: give the mac as well, or leave the address out");
  if (!pool) return say("but there is no pool: give the DhcpPool whose subnet it is in");
  if (pool.mode === "proxy") return say(`but pool "${pool.name}" is a proxy beside another DHCP server, which hands out the addresses: reserve it there, or leave it out`);
  const number = ipv4(address)!;
  const net = subnet(pool.subnet);
  const free = net ? `take one from ${pool.subnet} outside the range${pool.range ? ` ${pool.range}` : ""}` : "take another";
  if (address === master.address || pool.reserved?.includes(address)) return say(`which is ${address === master.address ? "the master's own" : `reserved in pool "${pool.name}" for the master, its router or its name servers`}: ${free}`);
  if (net && !within(number, net)) return say(`which is outside ${pool.subnet}, the subnet of pool "${pool.name}": ${free}`);
  if (net && (number === net.first || number === net.last)) return say(`which is the ${number === net.first ? "network" : "broadcast"} address of ${pool.subnet}: ${free}`);
  const dynamic = pool.range && range(pool.range);
  return dynamic && within(number, dynamic) ? say(`which lies in the range ${pool.range} that pool "${pool.name}" hands out to anyone: ${free}`) : [];
}

/** In a line of dhcp-hosts, dnsmasq (option.c, one_opt, case LOPT_BANK and 'G') takes these for a command or a lease time. */
function hostnameProblems({ mac, hostname }: Machine): Problem[] {
  if (!hostname) return [];
  if (!mac) return [{ property: "hostname", reason: `hostname is "${hostname}", but there is no mac, and DHCP knows a machine by nothing else: give the mac as well, or leave the host name out.` }];
  return /^(ignore|infinite|[0-9]+[smhdw]?)$/.test(hostname) ? [{ property: "hostname", reason: `hostname is "${hostname}", which dnsmasq would take for a command or a lease time: write a name with a letter in its beginning, for example "pc-${hostname}".` }] : [];
}

export function claimsOf(machine: Machine): Claim[] {
  const { name, mac, uuid, serial, address, boot } = machine;
  const claims: Claim[] = [{ kind: "name", value: `machine ${name}`, property: "name" }];
  if (mac) claims.push({ kind: "mac", value: mac, property: "mac" });
  if (uuid) claims.push({ kind: "uuid", value: uuid, property: "uuid" });
  if (serial) claims.push({ kind: "serial", value: serial, property: "serial" });
  if (boot?.kind === "capture") claims.push({ kind: "name", value: `capture ${boot.name}`, property: "boot.name" });
  if (address) claims.push({ kind: "address", value: address, property: "address" });
  return [...claims, ...seedClaims(machine), ...powerClaims(machine)];
}

/** One script under the strongest identity, links to it under the others, a line for DHCP, and what cloud-init asks for. */
export function stateOf(machine: Machine): { state: HostState; builds?: Desired["builds"]; switches?: Desired["switches"] } {
  const { name, master, mac, address, hostname, localBoot } = machine;
  const boot = seeded(machine);
  const [first, ...others] = identities(machine);
  const { state: seed, builds: seeds, disk } = hasSeed(machine) ? seedState(machine) : ({ state: {} } as ReturnType<typeof seedState>);
  const { files: fresh, ...disks } = disklessState({ ...machine, seed: disk });
  const test = memtestState([boot]);
  const artifacts = { ...seed.artifacts, ...test.artifacts };
  const who = { machine: name, master, installer: installCmdline(machine), near: near(machine) };
  const builds = seeds || test.artifacts ? { ...seeds, ...memtestBuilds([boot]) } : undefined;
  const state: HostState = {
    files: {
      ...(first && { [`${HTTP}/${first}`]: script({ title: `machine ${name}`, boot, local: localBoot, retries: master.retries, who }) }),
      ...(mac && { [`${SITE}/dhcp-hosts/${name}`]: template("dhcp-host.njk", { mac, items: [address, hostname].filter(Boolean) }) }),
      ...seed.files,
      ...answersState(machine).files,
      ...fresh,
      ...secureFiles({ ...machine, boot }, who),
    },
    ...((others.length || seed.links) && { links: { ...Object.fromEntries(others.map((path) => [`${HTTP}/${path}`, `../${first}`])), ...seed.links } }),
    ...(test.directories && { directories: test.directories }),
    ...((seed.artifacts || test.artifacts) && { artifacts }),
    ...((ordered(boot) || boot.kind === "rescue") && { reports: { [name]: "" } }),
    ...(ordered(boot) && { orders: { [name]: { generation: boot.generation, job: jobText(name, boot, master) } } }),
    ...disks,
    ...(machine.power && powerState(powered(machine), summaryOf(machine))),
    ...(address && { claims: { [`address ${address}`]: "" } }),
  };
  return { state, ...(builds && { builds }), ...(machine.power && { switches: switchOf(powered(machine)) }) };
}

/** Without a router, a machine reaches what is in its own subnet. */
function near({ master, pool }: Machine): boolean {
  const net = pool && subnet(pool.subnet);
  const addresses = [master.address, master.http.replace(/^http:\/\/|:[0-9]+$/g, "")].map(ipv4);
  return !!net && addresses.every((address) => address !== undefined && within(address, net));
}

/** Done once for each generation. */
const ordered = (boot: Boot): boot is CloneBoot | CaptureBoot | InstallBoot => boot.kind === "clone" || boot.kind === "capture" || boot.kind === "install";
const jobText = (name: string, boot: CloneBoot | CaptureBoot | InstallBoot, master: MasterRef): string => (boot.kind === "clone" ? cloneJob(name, boot, master) : boot.kind === "capture" ? captureJob(name, boot) : installJob(name, boot, master));

const hasSeed = ({ cloudInit, boot }: Machine) => cloudInit !== undefined && takesSeed(boot, cloudInit);

/** What it boots, for a reviewer. */
const summaryOf = (machine: Machine): string[] =>
  [...summary(seeded(machine), machine.localBoot), ...disklessSummary(machine), ...(hasSeed(machine) ? [seedSummary(machine)] : [])];

/** Firmware's file → script, and what that does. Few short lines, so that previews show what changes in it and nothing is cut off. */
export const nextBootOf = (machine: Machine): string => [machine.secureBoot ? secureFirst(machine.mac) : `${firstFile(machine.master, machine.boot, machine.firmware)} → ${identities(machine)[0] ?? ""}`, ...summaryOf(machine)].join("\n");
