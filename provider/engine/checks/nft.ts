import type { Action, Chain, Chains, Match, Value } from "./packetFilter";

/** What `nft -j list ruleset` says (libnftables-json(5)): chains that IPv4 packets for the host itself go through, and those that they lead to. */
export function nftChains(json: string): Chains {
  const items: any[] = JSON.parse(json).nftables;
  const chains: Chains = new Map();
  const sets = new Map<string, Value[] | undefined>();
  const known = (family: string) => family === "ip" || family === "inet";
  for (const { chain, set } of items) {
    if (chain && known(chain.family))
      chains.set(key(chain, chain.name), { name: `chain ${chain.name} of table ${chain.family} ${chain.table}`, rules: [], ...(chain.hook === "input" && chain.type === "filter" && { policy: chain.policy ?? "accept" }) } as Chain);
    if (set) sets.set(key(set, `@${set.name}`), set.elem && valuesOf(set.elem, () => undefined));
  }
  for (const { rule } of items) if (rule && known(rule.family)) chains.get(key(rule, rule.chain))?.rules.push(...rulesOf(rule, (name) => sets.get(key(rule, name))));
  return chains;
}

const key = ({ family, table }: { family: string; table: string }, name: string) => `${family} ${table} ${name}`;
type Named = (name: string) => Value[] | undefined;

/** One of ours for each way in which theirs may decide. What a rule does beside that (counts, logs) is passed over. */
function rulesOf(rule: any, named: Named) {
  const matches: Match[] = [];
  const rules: { matches: Match[]; action: Action }[] = [];
  for (const statement of rule.expr ?? []) {
    const [kind] = Object.keys(statement);
    const about = statement[kind!];
    const action = actionOf(rule, statement);
    if (action) rules.push({ matches: [...matches], action });
    else if (kind === "match") matches.push(...matchesOf(about.left, compared(about.op, about.right), about.op === "!=", named));
    else if (kind === "vmap" && Array.isArray(about.data?.set))
      for (const [value, verdict] of about.data.set) {
        const then = actionOf(rule, verdict);
        if (then) rules.push({ matches: [...matches, ...(value === "*" ? [] : matchesOf(about.key, value, false, named))], action: then });
      }
    // A map that is kept elsewhere, or a queue for a program, may let in whatever it likes.
    else if (kind === "vmap" || kind === "queue") rules.push({ matches: [...matches, { about: "other" }], action: "accept" });
    else if (kind === "limit" || (kind === "xt" && about?.type !== "target")) matches.push({ about: "other" });
  }
  return rules;
}

function actionOf(rule: any, statement: any): Action | undefined {
  if ("accept" in statement) return "accept";
  if ("drop" in statement || "reject" in statement || (statement.xt?.type === "target" && statement.xt.name === "REJECT")) return "drop";
  if ("return" in statement) return "return";
  const to = statement.jump ?? statement.goto;
  return to && { chain: key(rule, to.target), back: "jump" in statement };
}

/** What lies below or above a number, as a range. */
function compared(op: string, right: unknown): unknown {
  const n = Number(right);
  const range = ({ "<": [0, n - 1], "<=": [0, n], ">": [n + 1, 65535], ">=": [n, 65535] } as Record<string, number[]>)[op];
  return range ? { range } : right;
}

/** Of which protocol a field is says something of the packet too. */
function matchesOf(left: any, right: unknown, not: boolean, named: Named): Match[] {
  const values = valuesOf(right, named);
  const say = (about: Match["about"]): Match => (values ? { about, values, ...(not && { not }) } : { about: "other" });
  const { payload, meta, ct, fib } = left ?? {};
  if (payload) {
    const { protocol, field } = payload as { protocol: string; field: string };
    if (protocol === "ip") return [{ about: "family", values: ["ipv4"] }, say(field === "protocol" ? "protocol" : "other")];
    const of: Match[] = protocol === "th" || protocol === "ether" ? [] : [{ about: "protocol", values: [protocol] }];
    return [...of, say(field === "dport" ? "port" : "other")];
  }
  if (meta) return [say(({ l4proto: "protocol", nfproto: "family", iif: "interface", iifname: "interface" } as const)[meta.key as string] ?? "other")];
  // A packet that was sent elsewhere and redirected here is none of a client's first.
  return [say(ct?.key === "state" || ct?.key === "status" ? "state" : fib?.result === "type" && `${fib.flags}` === "daddr" ? "destination" : "other")];
}

/** Nothing where one of them is none that we know. */
function valuesOf(right: any, named: Named): Value[] | undefined {
  if (typeof right === "number") return [right];
  if (typeof right === "string") return right.startsWith("@") ? named(right) : [right];
  if (Array.isArray(right)) {
    const all = right.map((one) => valuesOf(one, named));
    return all.includes(undefined) ? undefined : all.flatMap((values) => values!);
  }
  if (Array.isArray(right?.set)) return valuesOf(right.set, named);
  if (Array.isArray(right?.range) && right.range.every((end: unknown) => typeof end === "number")) return [right.range];
  return right?.elem ? valuesOf(right.elem.val, named) : undefined;
}
