import { byFirmware } from "../../boot/types";
import { dotted, ipv4, overlap, range, type Span, subnet, within } from "../../net";
import type { Problem } from "../../resource";
import type { DhcpPool } from "./types";

/** Options that a field of its own sets, or that booting rests on: dnsmasq's names and their numbers (RFC 2132, 4578, IANA). */
const TAKEN: Record<string, string> = {
  "option:netmask": "subnet", 1: "subnet", "option:router": "router", 3: "router", "option:dns-server": "dns", 6: "dns",
  "option:domain-name": "domain", 15: "domain", "option:lease-time": "leaseTime", 51: "leaseTime",
};
const NEEDED = new Set(["option:tftp-server", "option:bootfile-name", "option:vendor-class", "option:vendor-encap", "option:client-arch", "option:user-class", "option:server-identifier", "43", "50", "52", "53", "54", "55", "57", "58", "59", "60", "61", "66", "67", "77", "82", "93", "94", "97", "175"]);

export function rules(pool: DhcpPool): Problem[] {
  const net = subnet(pool.subnet)!;
  return [...rangeProblems(pool, net), ...addressProblems(pool, net), ...modeProblems(pool), ...optionProblems(pool), ...leaseProblems(pool)];
}

function rangeProblems(pool: DhcpPool, net: Span): Problem[] {
  const { range: text, subnet: name, master, address, router, dns, ntp } = pool;
  if (!text) return [];
  const span = range(text)!;
  const say = (why: string): Problem => ({ property: "range", reason: `range is ${text}, ${why}.` });
  if (span.first > span.last) return [say(`which runs backwards: write the lower address first, "${dotted(span.last)}-${dotted(span.first)}"`)];
  if (!within(span.first, net) || !within(span.last, net)) return [say(`which is not inside the subnet ${name}: take addresses from ${dotted(net.first + 1)} to ${dotted(net.last - 1)}`)];
  const owned: [string, string | undefined][] = [
    ["the master's address", master.address], ["the master's address", address], ["the master's HTTP address", master.http.replace(/^http:\/\/|:[0-9]+$/g, "")],
    ["the master's TFTP address", master.tftp], ["the router", router], ...dns.map((one): [string, string] => ["a name server", one]), ...ntp.map((one): [string, string] => ["a time server", one]),
    ["the network's own address", dotted(net.first)], ["the broadcast address", dotted(net.last)],
  ];
  const inside = owned.find(([, one]) => one && ipv4(one) !== undefined && within(ipv4(one)!, span));
  return inside ? [say(`which holds ${inside[1]}, ${inside[0]}: let the range end before it or begin after it, so that it is never handed out`)] : [];
}

function addressProblems({ subnet: name, router, address, relay, interface: only, master, mode }: DhcpPool, net: Span): Problem[] {
  const problems: Problem[] = [];
  if (router && !within(ipv4(router)!, net)) problems.push({ property: "router", reason: `router is ${router}, which is outside the subnet ${name}, and machines could not reach it: give the router's address in ${name}.` });
  const here = [master.address, address].some((one) => one && ipv4(one) !== undefined && within(ipv4(one)!, net));
  if (!here && !relay && !only)
    problems.push({
      property: "subnet",
      reason: `subnet is ${name}, in which the master's address ${address ?? master.address} does not lie, so that it hears no request from there: set address or interface if the master has a leg in that subnet, or relay: true if a router relays requests.`,
    });
  if (relay && mode === "proxy") problems.push({ property: "relay", reason: "relay is true, but dnsmasq serves a proxy pool on its own subnets only: run a master in that subnet, or let the other DHCP server name the boot loader." });
  if (relay && only) problems.push({ property: "interface", reason: `interface is "${only}", but relay is true, and relayed requests come from any interface: leave interface or relay out.` });
  return problems;
}

function modeProblems({ mode, range: text, router, dns, domain, ntp, options, tftp, master }: DhcpPool): Problem[] {
  const loaders = byFirmware(master.loaders).map(([firmware]) => firmware);
  if (!tftp && mode === "proxy") return [{ property: "tftp", reason: 'tftp is false, but mode is "proxy", in which firmware that boots over HTTP is told its file by the other DHCP server: leave tftp out, or set mode: "authoritative".' }];
  if (!tftp && !loaders.some((firmware) => firmware !== "bios")) return [{ property: "tftp", reason: `tftp is false, and the only loader of master "${master.name}" is for bios, which boots over TFTP alone: leave tftp out, or give the master's loaders one for UEFI.` }];
  if (mode !== "proxy") return [];
  const given: [string, boolean, unknown][] = [["range", !!text, text], ["router", !!router, router], ["dns", dns.length > 0, dns], ["domain", !!domain, domain], ["ntp", ntp.length > 0, ntp], ["options", Object.keys(options).length > 0, options]];
  return given.filter(([, set]) => set).map(([field, , value]) => ({ property: field, reason: `${field} is ${JSON.stringify(value)}, but mode is "proxy", in which the other DHCP server hands out addresses and options: leave ${field} out, or set mode: "authoritative".` }));
}

function optionProblems({ options, ntp }: DhcpPool): Problem[] {
  return Object.keys(options).flatMap((name) => {
    const say = (why: string): Problem[] => [{ property: `options.${name}`, reason: `options.${name} is "${options[name]}", ${why}.` }];
    if (/^[0-9]/.test(name) && Number(name) > 254) return say("but option numbers end at 254: take a number from 1 to 254");
    const field = TAKEN[name] ?? (ntp.length && (name === "option:ntp-server" || name === "42") ? "ntp" : undefined);
    if (field) return say(`but that is what the field ${field} sets: use ${field}`);
    return NEEDED.has(name) ? say("but booting rests on that option, and it is set by the master: leave it out") : [];
  });
}

const SECONDS: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86400, w: 604800 };

/** dnsmasq(8), --dhcp-range: the minimum lease time is two minutes. */
function leaseProblems({ leaseTime }: DhcpPool): Problem[] {
  if (leaseTime === "infinite") return [];
  const seconds = parseInt(leaseTime, 10) * SECONDS[leaseTime.at(-1)!]!;
  return seconds < 120 ? [{ property: "leaseTime", reason: `leaseTime is "${leaseTime}", and the shortest that dnsmasq grants is two minutes: write "2m" or more.` }] : [];
}
