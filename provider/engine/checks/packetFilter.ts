/** What a rule asks of a packet. Of anything else ("other") it is not known here whether it fits. */
export interface Match {
  about: "protocol" | "port" | "state" | "family" | "interface" | "destination" | "other";
  not?: boolean;
  values?: Value[];
}
export type Value = string | number | [first: number, last: number];

export type Action = "accept" | "drop" | "return" | { chain: string; /** Do packets that it does not decide come back to the next rule? */ back: boolean };
export interface Rule {
  matches: Match[];
  action: Action;
}
export interface Chain {
  name: string;
  rules: Rule[];
  /** Of a chain that all packets for the host itself go through: what becomes of those that no rule decides. */
  policy?: "accept" | "drop";
}
/** Chains by whatever rules call them. */
export type Chains = Map<string, Chain>;

/** The first packet that a client sends to a port. */
export interface Packet {
  protocol: string;
  port: number;
  to: "local" | "broadcast";
}

type End = "in" | "out" | "on";

/** Whether packets get in: surely, surely not, or as rules say that are not followed here; and by which chain not. */
export function verdict(sets: readonly Chains[], packet: Packet): { lets: "in" | "out" | "perhaps"; chain?: string } {
  const doors = sets.flatMap((chains) => [...chains.values()].filter(({ policy }) => policy !== undefined).map((chain) => ({ chains, chain })));
  const shut = (doubtful: boolean) =>
    doors.find(({ chains, chain }) => {
      const found = ends(chains, chain, packet, doubtful);
      return !found.has("in") && !(found.has("on") && chain.policy === "accept");
    })?.chain.name;
  const [surely, perhaps] = [shut(true), shut(false)];
  return surely ? { lets: "out", chain: surely } : perhaps ? { lets: "perhaps", chain: perhaps } : { lets: "in" };
}

/** How a packet may come out of a chain. Rules of which it is not known whether they fit may do either, or, unless `doubtful`, are passed over. */
function ends(chains: Chains, { rules }: Chain, packet: Packet, doubtful: boolean): Set<End> {
  const found = new Set<End>();
  for (const { matches, action } of rules) {
    const fit = matches.map((match) => fits(match, packet));
    if (fit.includes(false)) continue;
    const sure = !fit.includes(undefined);
    if (!sure && !doubtful) continue;
    const goesOn = perform(chains, action, packet, doubtful, found);
    if (sure && !goesOn) return found;
  }
  return found.add("on");
}

/** Adds how the packet may end by this action, and says whether the next rule may see it. */
function perform(chains: Chains, action: Action, packet: Packet, doubtful: boolean, found: Set<End>): boolean {
  if (typeof action === "string") {
    found.add(action === "accept" ? "in" : action === "drop" ? "out" : "on");
    return false;
  }
  const chain = chains.get(action.chain);
  const below = chain ? ends(chains, chain, packet, doubtful) : new Set<End>(["on"]);
  for (const end of below) if (end !== "on" || !action.back) found.add(end);
  return action.back && below.has("on");
}

/** Nothing where it is not known. */
function fits({ about, not = false, values = [] }: Match, packet: Packet): boolean | undefined {
  const has = (wanted: string) => values.includes(wanted);
  const answers: Record<Match["about"], () => boolean | undefined> = {
    protocol: () => has(packet.protocol) || has("all"),
    port: () => values.some((value) => (Array.isArray(value) ? value[0] <= packet.port && packet.port <= value[1] : Number(value) === packet.port)),
    state: () => has("new"),
    family: () => has("ipv4"),
    destination: () => has(packet.to),
    // Clients are on the network, and on which interface is not asked.
    interface: () => (values.every((value) => value === "lo") ? false : undefined),
    other: () => undefined,
  };
  const answer = answers[about]();
  return answer === undefined ? undefined : answer !== not;
}
