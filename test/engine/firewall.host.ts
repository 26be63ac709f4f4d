// What a firewall lets in, by the rules that the tools show. The rule sets are what nft 1.0.6 and 1.1.3 and iptables-save 1.8.11 printed: of Debian's ufw and firewalld as they are when they are
// switched on, without the chains that have to do with other ways, and of own.nft, which has something of everything.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { asked, judged } from "./questions.ts";

const read = (file: string) => readFileSync(join(import.meta.dirname, "rulesets", file), "utf8");
const row = (tool: "nft" | "iptables", text: string, code = 0) => `${tool}\t${code}\t${Buffer.from(text).toString("base64")}\n`;
const firewall = (...ports: string[]) => ({ check: "firewall", ports });

/** As a word: in, out or perhaps. */
function lets(answer: string, port: string): string {
  const { ok, hint, what } = judged(firewall(port), answer);
  return !ok ? "out" : hint ? (what.includes("only by rules") ? "perhaps" : what) : "in";
}
const all = (answer: string, ports: Record<string, string>) => assert.deepEqual(Object.fromEntries(Object.keys(ports).map((port) => [port, lets(answer, port)])), ports);

test("ufw as it is when it is switched on, and with the ports that it was told", () => {
  const ufw = read("ufw.txt");
  all(row("iptables", ufw), { "67/udp": "out", "69/udp": "out", "80/tcp": "out", "22/tcp": "in" });
  const told = ufw.replace("-A ufw-user-limit ", "-A ufw-user-input -p udp -m udp --dport 67 -j ACCEPT\n-A ufw-user-input -p udp -m multiport --dports 69,9000:9002 -j ACCEPT\n-A ufw-user-limit ");
  all(row("iptables", told), { "67/udp": "in", "69/udp": "in", "9001/udp": "in", "80/tcp": "out" });
  const from = ufw.replace("-A ufw-user-limit ", "-A ufw-user-input -s 10.0.0.0/24 -p udp -m udp --dport 67 -j ACCEPT\n-A ufw-user-limit ");
  all(row("iptables", from), { "67/udp": "perhaps", "69/udp": "out" });
});

test("firewalld as it is when it is switched on, with ports, and with a zone of an interface's own", () => {
  const text = read("firewalld.json");
  const also = (...rules: object[]) => row("nft", text.replace(/\n\]\}\n$/, `,\n${rules.map((rule) => JSON.stringify({ rule: { family: "inet", table: "firewalld", ...rule } })).join(",\n")}\n]}`));
  all(row("nft", text), { "67/udp": "out", "80/tcp": "out", "22/tcp": "in" });
  const open = { chain: "filter_IN_public_allow", expr: [{ match: { op: "==", left: { payload: { protocol: "udp", field: "dport" } }, right: 67 } }, { accept: null }] };
  all(also(open), { "67/udp": "in", "69/udp": "out" });
  const zone = (policy: string) => text.replace(/("chain": "filter_INPUT_POLICIES", "handle": \d+, "expr": \[)(\{"jump": \{"target": "filter_IN_public")/, `$1{"match": {"op": "==", "left": {"meta": {"key": "iifname"}}, "right": "eth1"}}, ${policy}$2`);
  assert.notEqual(zone(""), text);
  all(row("nft", zone("")), { "22/tcp": "perhaps", "67/udp": "out" });
});

test("sets, ranges, maps, other chains and other tables; what only concerns some is in doubt", () => {
  all(row("nft", read("own.json")), {
    "67/udp": "in", "69/udp": "in", "80/tcp": "in", "443/tcp": "in", "8080/tcp": "in", "8081/tcp": "out", "9100/tcp": "in",
    "53/udp": "in", "9000/udp": "in", "9001/udp": "out", "4011/udp": "perhaps", "3260/tcp": "perhaps", "2049/tcp": "out", "5000/udp": "out",
  });
});

test("without rules all is let in; a rule set that cannot be read, or that no tool shows, is a hint with the tool's words", () => {
  all(row("nft", '{"nftables": [{"metainfo": {"version": "1.0.6"}}]}') + row("iptables", ""), { "67/udp": "in" });
  const unknown = (why: string) => ({ "67/udp": `whether a firewall of the master lets in 67/udp could not be told: ${why}` });
  all("", unknown("neither nft nor iptables-save is there"));
  all(row("nft", "Operation not permitted (you must be root)\nnetlink: Error: cache initialization failed\n", 1), unknown("nft says: Operation not permitted (you must be root)"));
  all(row("nft", '{"nftables": [{"chain": {"fam'), unknown("there are more rules than are read here"));
  all(row("nft", "", 1) + row("iptables", read("ufw.txt")), { "69/udp": "out", "22/tcp": "in" });
});

test("what nft shows only in part of what iptables has made is read from iptables", () => {
  const rule = (...expr: object[]) => ({ rule: { family: "ip", table: "filter", chain: "INPUT", expr: [...expr, { counter: { packets: 0, bytes: 0 } }] } });
  const nft = row("nft", JSON.stringify({ nftables: [
    { chain: { family: "ip", table: "filter", name: "INPUT", type: "filter", hook: "input", prio: 0, policy: "drop" } },
    rule({ match: { op: "==", left: { meta: { key: "l4proto" } }, right: "udp" } }, { xt: { type: "match", name: "multiport" } }, { accept: null }),
    rule({ xt: { type: "target", name: "REJECT" } }),
  ] }));
  const iptables = "*filter\n:INPUT DROP [0:0]\n-A INPUT -p udp -m multiport --dports 67,69 -j ACCEPT\n-A INPUT -j REJECT --reject-with icmp-port-unreachable\nCOMMIT\n";
  all(nft, { "67/udp": "perhaps", "4011/udp": "perhaps", "80/tcp": "out" });
  all(nft + row("iptables", iptables), { "67/udp": "in", "4011/udp": "out", "80/tcp": "out" });
});

test("what is kept out is named with its chain, and one example of a mend", () => {
  const found = judged(firewall("67/udp", "69/udp", "80/tcp", "9001/udp"), row("nft", read("own.json")) + row("iptables", read("ufw.txt").replace("-A ufw-user-limit ", "-A ufw-user-input -p udp -m udp --dport 67 -j ACCEPT\n-A ufw-user-limit ")));
  assert.deepEqual([found.ok, found.what], [false, "a firewall of the master keeps out 69/udp, 80/tcp, 9001/udp (chain INPUT of table filter; chain input of table ip mangle)"]);
  assert.match(found.mend!, /^Let them in where its rules are kept, for example: ufw allow 69\/udp; /);
});

const tool = spawnSync("sh", ["-c", "PATH=$PATH:/usr/sbin; command -v iptables iptables-save"]).status === 0;
test("the rules of this machine's own iptables, in a network of its own", { skip: !tool && "no iptables" }, async () => {
  const rules = ["-P INPUT DROP", "-A INPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT", '-A INPUT ! -i lo -m comment --comment "a \\"b\\" -j" -p udp --dport 67:68 -j ACCEPT', "-N more", "-A INPUT -p tcp -g more", "-A more ! -s 10.0.0.0/8 -p tcp --dport 80 -j RETURN", "-A more -p tcp ! --dport 22 -j ACCEPT"];
  const found = await asked([...["67/udp", "69/udp", "80/tcp", "443/tcp", "22/tcp"].map((port) => firewall(port))], `PATH=$PATH:/usr/sbin; ${rules.map((rule) => `iptables ${rule}`).join("; ")}`);
  assert.deepEqual(found.map(({ ok, hint }) => (hint ? "hint" : ok ? "in" : "out")), ["in", "out", "in", "in", "out"]);
});
