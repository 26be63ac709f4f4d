import { diskWords, disksOf } from "../../boot/disks";
import { memtestBuilds, memtestState } from "../../boot/memtest";
import { firmwareProblems, firstFile } from "../../boot/firmware";
import { pageFiles } from "../../boot/page";
import { bootProblems, choiceProblems, localProblems, normalisedBoot } from "../../boot/rules";
import { hexhyp, HTTP, script } from "../../boot/script";
import { summary } from "../../boot/summary";
import type { Boot, LocalBoot, MasterRef } from "../../boot/types";
import { type HostState, LIVE } from "../../engine/state";
import { canonicalMac, canonicalMacPrefix, macFault } from "../../identity";
import { canonicalAddresses, dotted, range, type Span } from "../../net";
import { templates } from "../../render";
import type { Claim, Desired, Problem, ResourceType } from "../../resource";
import { memberClaims, memberProblems, members, membersState } from "./members";
import { patterns } from "./patterns";
import { listed, type MachineGroup, type Match } from "./types";

const template = templates(__dirname);
const text = (value: string, change: (text: string) => string) => (typeof value === "string" ? change(value) : value);

function normalise(input: MachineGroup): MachineGroup {
  const { match, boot, localBoot, master } = input;
  const { macs, macPrefix, addresses } = match ?? {};
  return {
    ...input,
    match: typeof match !== "object" ? match : {
      ...match,
      ...(Array.isArray(macs) && { macs: macs.map((mac) => text(mac, canonicalMac)) }),
      ...(macPrefix !== undefined && { macPrefix: text(macPrefix, canonicalMacPrefix) }),
      ...(addresses !== undefined && { addresses: text(addresses, canonicalAddresses) }),
    },
    boot: normalisedBoot(boot),
    localBoot: localBoot ?? master.localBoot,
  };
}

function rules(group: MachineGroup): Problem[] {
  const { master, match, boot, localBoot } = group;
  const ways = Object.keys(match);
  if (ways.length !== 1) return [{ property: "match", reason: `match names machines in ${ways.length || "no"} ways: give one of macs, macPrefix and addresses, and another group for another way.` }];
  return [...matchProblems(match, master), ...memberProblems(group), ...bootProblemsOf(boot, localBoot, master)];
}

function matchProblems({ macs, macPrefix, addresses }: Match, master: MasterRef): Problem[] {
  const problems = listed({ macs }).flatMap((mac, i): Problem[] => {
    const fault = macFault(mac);
    return fault ? [{ property: `match.macs[${i}]`, reason: `match.macs[${i}] is "${mac}", ${fault}: give the card's own address, or take it out.` }] : [];
  });
  if (macPrefix && parseInt(macPrefix.slice(0, 2), 16) & 1)
    problems.push({ property: "match.macPrefix", reason: `match.macPrefix is "${macPrefix}", with which multicast addresses begin and those of no network card: give the first octets of the cards' own addresses.` });
  const span = addresses ? range(addresses) : undefined;
  if (span && span.first > span.last) problems.push({ property: "match.addresses", reason: `match.addresses is ${addresses}, which runs backwards: write the lower address first, "${dotted(span.last)}-${dotted(span.first)}".` });
  if (!macs && master.offer === "known")
    problems.push({ property: "match", reason: `match is by ${macPrefix ? "MAC prefix" : "address"}, but master "${master.name}" offers a boot loader only to machines that it knows by MAC: list the MACs in match.macs, or set unknownMachines of the MasterServer to something else than "ignore".` });
  return problems;
}

function bootProblemsOf(boot: Boot, localBoot: LocalBoot, master: MasterRef): Problem[] {
  if (disksOf(boot).length) return [{ property: "boot", reason: `boot is ${diskWords(boot)}, and each machine has a copy of its own: give the machines as Machine or Fleet.` }];
  return [...choiceProblems(boot, "boot"), ...firmwareProblems({ boot, master }), ...(boot.kind === "local" ? [] : localProblems(localBoot, "localBoot")), ...bootProblems(boot, "boot", localBoot, master)];
}

function claims(group: MachineGroup): Claim[] {
  const { name, match } = group;
  const all: Claim[] = [{ kind: "name", value: `group ${name}`, property: "name" }, ...listed(match ?? {}).map((mac, i): Claim => ({ kind: "groupMac", value: mac, property: `match.macs[${i}]` }))];
  if (match?.macPrefix) all.push({ kind: "groupPrefix", value: match.macPrefix, property: "match.macPrefix" });
  if (match?.addresses) all.push({ kind: "groupRange", value: match.addresses, property: "match.addresses" });
  return [...all, ...memberClaims(group)];
}

/** One script, and how the server comes to it: links by MAC and by prefix, a line of nginx's for addresses. Each is by its name of one group alone, whatever stack. */
function stateOf(group: MachineGroup): HostState {
  const { name, master, match, boot, localBoot } = group;
  const { macPrefix, addresses } = match;
  const macs = listed(match);
  const links = [...macs.map((mac) => `mac/${hexhyp(mac)}`), ...(macPrefix ? [`prefix/${hexhyp(macPrefix)}`] : [])];
  const span = addresses ? (range(addresses) ?? { first: 0, last: 0 }) : undefined;
  return {
    ...memtestState([boot]),
    files: {
      [`${HTTP}/group/${name}.ipxe`]: script({ title: `group ${name}`, boot, local: localBoot, retries: master.retries, who: { master } }),
      ...(span && { [`${LIVE}/nginx.d/groups/${fileOf(span)}`]: template("addresses.conf.njk", { name, addresses, patterns: patterns(span) }) }),
      // No pool can have this name: they begin with a letter or a digit.
      ...(macs.length && { [`${LIVE}/dnsmasq.d/_group-${name}.conf`]: template("known.conf.njk", { name, macs }) }),
      ...pageFiles(`group-${name}`, master, members(group).map((member) => ({ name: member, boot }))),
    },
    ...membersState(group),
    ...(links.length && { links: Object.fromEntries(links.map((path) => [`${HTTP}/group/${path}.ipxe`, `../${name}.ipxe`])) }),
  };
}

/** nginx reads the files in the order of their names, and takes the first line that fits: the fewest addresses first. */
const fileOf = ({ first, last }: Span) => `${String(last - first + 1).padStart(10, "0")}-${dotted(first)}-${dotted(last)}.conf`;

function whom(match: Match): string {
  if (match.macPrefix) return `MAC addresses that begin with ${match.macPrefix}`;
  if (match.addresses) return `addresses ${match.addresses}`;
  const { length } = listed(match);
  return `${length} MAC ${length === 1 ? "address" : "addresses"}`;
}

const nextBootOf = ({ name, master, match, boot, localBoot }: MachineGroup): string =>
  [`${firstFile(master, boot)} → group/${name}.ipxe, for ${whom(match)} without a narrower assignment`, ...summary(boot, localBoot)].join("\n");

function desired(group: MachineGroup): Desired {
  const builds = memtestBuilds([group.boot]);
  return { state: stateOf(group), nextBoot: nextBootOf(group), ...(builds && { builds }) };
}

const type: ResourceType<MachineGroup> = { name: "MachineGroup", normalise, rules, claims, desired };
export default type;
