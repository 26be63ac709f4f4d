import { sh } from "../sh";
import type { Check } from "../state";
import type { Question } from "./index";
import { iptablesChains } from "./iptables";
import { nftChains } from "./nft";
import { verdict, type Chains } from "./packetFilter";

type Firewall = Extract<Check, { check: "firewall" }>;

const MAX = 1_000_000;
/** Who has no address yet asks everyone. */
const DHCP = "67";

/**
 * The rules as the tools that are there show them. Of what iptables has made, nft shows parts as a mere name, so that
 * iptables-save is asked as well; and legacy tables are in neither. Sets of a hundred thousand addresses stay where they are.
 */
const ask = () => sh`
shown() { printf '%s\t%s\t%s\n' "$1" "$2" "$(printf '%s' "$rules" | head -c ${MAX} | base64 -w0)"; }
if command -v nft >/dev/null; then
  rules=$(nft -j list ruleset 2>&1); code=$?
  [ \${#rules} -lt ${MAX} ] || { rules=$(nft -j -t list ruleset 2>&1); code=$?; }
  shown nft $code
fi
for tool in iptables-save iptables-legacy-save; do
  command -v $tool >/dev/null || continue
  [ $tool = iptables-save ] || [ -s /proc/net/ip_tables_names ] || continue
  rules=$($tool 2>&1); code=$?
  shown iptables $code
done`;

/** What the tools say, or why none of it could be read. */
function ruleSets(answer: string): Chains[] | string {
  const rows = answer.split("\n").filter(Boolean).map((line) => line.split("\t"));
  const said = rows.map(([tool, code, base64 = ""]) => ({ tool, code, text: Buffer.from(base64, "base64").toString("utf8") }));
  const good = said.filter(({ code }) => code === "0");
  if (good.length === 0) return said.length ? `${said[0]!.tool} says: ${said[0]!.text.trim().split("\n")[0]}` : "neither nft nor iptables-save is there";
  const iptables = good.filter(({ tool }) => tool !== "nft").map(({ text }) => iptablesChains(text));
  try {
    const nft = good.filter(({ tool }) => tool === "nft").map(({ text }) => nftChains(text));
    // Where iptables has told its own in full, that counts.
    for (const chains of nft) for (const name of chains.keys()) if (iptables.some((own) => own.has(name.replace(/^ip /, "")))) chains.delete(name);
    return [...nft, ...iptables];
  } catch {
    return "there are more rules than are read here";
  }
}

export const firewall: Question<Firewall> = {
  ask,
  judge({ ports }, answer) {
    const sets = ruleSets(answer);
    if (typeof sets === "string") return { ok: true, hint: true, what: `whether a firewall of the master lets in ${ports.join(", ")} could not be told: ${sets}` };
    const found = ports.map((port) => {
      const [number, protocol] = port.split("/") as [string, string];
      return { port, ...verdict(sets, { protocol, port: Number(number), to: number === DHCP ? "broadcast" : "local" }) };
    });
    const [out, perhaps] = (["out", "perhaps"] as const).map((lets) => found.filter((one) => one.lets === lets));
    const named = (some: typeof found) => `${some.map(({ port }) => port).join(", ")} (${[...new Set(some.map(({ chain }) => chain))].join("; ")})`;
    const [port] = [...out!, ...perhaps!].map((one) => one.port);
    if (out!.length)
      return { ok: false, what: `a firewall of the master keeps out ${named(out!)}`, mend: `Let ${out!.length === 1 ? "it" : "them"} in where its rules are kept, for example: ufw allow ${port}; firewall-cmd --permanent --add-port=${port}; or a rule in /etc/nftables.conf.` };
    if (perhaps!.length)
      return { ok: true, hint: true, what: `a firewall of the master lets in ${named(perhaps!)} only by rules on addresses, interfaces or rates, or by sets`, mend: "See that they fit machines that boot: a DHCP request comes from 0.0.0.0, before its machine has an address." };
    return { ok: true, what: `no firewall of the master keeps out ${ports.join(", ")}` };
  },
};
