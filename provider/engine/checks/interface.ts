import { ipv4, subnet, within } from "../../net";
import { sh } from "../sh";
import type { Check } from "../state";
import type { Question } from "./index";

type Network = Extract<Check, { check: "interface" }>;
type Address = Extract<Check, { check: "address" }>;

interface Link {
  name: string;
  /** Is it switched on, with a carrier? */
  up: boolean;
  addresses: string[];
}

/** The same for all who ask, and so asked once. */
const ask = () => sh`ip -o link show; ip -o -4 addr show`;

/** `2: eth0@if5: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 …`, then `2: eth0    inet 10.0.0.2/24 …`. */
function linksIn(answer: string): Link[] {
  const addresses = [...answer.matchAll(/^\d+: (\S+) +inet ([0-9.]+)/gm)];
  return [...answer.matchAll(/^\d+: ([^\s:@]+)[^\s]*: <([^>]*)>/gm)].map(([, name, flags]) => ({
    name: name!,
    up: flags!.split(",").includes("LOWER_UP"),
    addresses: addresses.filter(([, of]) => of === name).map(([, , address]) => address!),
  }));
}

/** What there is to choose from: of a host with many, those that have an address, and not all of them. */
function listed(links: Link[]): string {
  const addressed = links.filter(({ name, addresses }) => name !== "lo" && addresses.length > 0).map(({ name, addresses }) => `${name} (${addresses.join(", ")})`);
  return `${addressed.slice(0, 8).join(", ")}${addressed.length > 8 ? ` and ${addressed.length - 8} more` : ""}` || "no address on any interface";
}

const unknown = { ok: true, hint: true, what: "which interfaces the master has could not be asked: it has no ip (package iproute2)" } as const;

/** dnsmasq serves a subnet where an interface has an address in it, and says nothing where none has. */
export const network: Question<Network> = {
  ask,
  judge({ interface: wanted, subnet: text }, answer) {
    const links = linksIn(answer);
    if (links.length === 0) return unknown;
    const net = text === undefined ? undefined : subnet(text);
    const holding = net ? links.filter(({ addresses }) => addresses.some((one) => within(ipv4(one)!, net))) : [];
    const elsewhere = holding.length ? `Write interface: "${holding[0]!.name}", which has an address in ${text}, or leave it out.` : undefined;
    if (wanted !== undefined && !links.some(({ name }) => name === wanted))
      return { ok: false, what: `${wanted} is no interface of the master, which has ${listed(links)}`, mend: elsewhere ?? "Write one that is there as interface." };
    if (!net) return { ok: true, what: `${wanted} is an interface of the master` };
    const on = holding.find(({ name }) => wanted === undefined || name === wanted);
    if (!on && wanted !== undefined) return { ok: false, what: `${wanted} has no address in ${text}, so that no machine on it is answered; the master has ${listed(links)}`, mend: elsewhere ?? `Give ${wanted} an address in ${text}.` };
    if (!on) return { ok: false, what: `${text} is on no interface of the master, which has ${listed(links)}`, mend: `Give the interface of those machines an address in ${text}, or say relay: true if a router relays their requests.` };
    if (!on.up) return { ok: true, hint: true, what: `${on.name}, which has an address in ${text}, is down`, mend: `Plug in its cable, or switch it on: ip link set ${on.name} up.` };
    return { ok: true, what: `${text} is on ${on.name}` };
  },
};

export const address: Question<Address> = {
  ask,
  judge({ field, address }, answer) {
    const links = linksIn(answer);
    if (links.length === 0) return unknown;
    const on = links.find(({ addresses }) => addresses.includes(address));
    if (on) return { ok: true, what: `${field} ${address} is on ${on.name}` };
    return { ok: false, what: `${field} ${address} is on no interface of the master, which has ${listed(links)}`, mend: `Write one of these as ${field}, or give ${address} to an interface.` };
  },
};
