import type { Action, Chains, Match, Value } from "./packetFilter";

/** What iptables-save says. */
export function iptablesChains(text: string): Chains {
  const chains: Chains = new Map();
  let table = "";
  for (const line of text.split("\n")) {
    const [, name, policy] = /^:(\S+) (\S+)/.exec(line) ?? [];
    if (line.startsWith("*")) table = line.slice(1).trim();
    else if (name) chains.set(`${table} ${name}`, { name: `chain ${name} of table ${table}`, rules: [], ...(name === "INPUT" && table !== "nat" && { policy: policy === "DROP" ? "drop" : "accept" }) });
    else if (line.startsWith("-A ")) append(chains, table, words(line));
  }
  return chains;
}

/** As a shell would split it: what holds a space is in quotation marks, and there a backslash stands before one. */
const words = (line: string): string[] => [...line.matchAll(/"((?:\\.|[^"\\])*)"|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare!);

const ABOUT: Record<string, Match["about"]> = { "-p": "protocol", "--dport": "port", "--dports": "port", "--ctstate": "state", "--state": "state", "-i": "interface", "--dst-type": "destination" };

function append(chains: Chains, table: string, [, name, ...rest]: string[]): void {
  const matches: Match[] = [];
  let not = false;
  for (let i = 0; i < rest.length; i++) {
    const [option, value = ""] = [rest[i]!, rest[i + 1]];
    if (option === "-j" || option === "-g") {
      const action = actionOf(chains, table, value, option === "-j");
      // What follows is the action's own.
      if (action) chains.get(`${table} ${name}`)?.rules.push({ matches, action });
      return;
    }
    if (option === "!") not = true;
    // -m names what the options behind it are of.
    else if (option === "-m" || option === "--comment") i++;
    else if (option.startsWith("-")) {
      const about = ABOUT[option];
      matches.push(about ? { about, values: valuesOf(value, about), ...(not && { not }) } : { about: "other" });
      not = false;
    }
  }
}

/** Nothing for what only marks, counts or logs. */
function actionOf(chains: Chains, table: string, to: string, back: boolean): Action | undefined {
  if (to === "ACCEPT") return "accept";
  if (to === "DROP" || to === "REJECT") return "drop";
  if (to === "RETURN") return "return";
  return chains.has(`${table} ${to}`) ? { chain: `${table} ${to}`, back } : undefined;
}

const valuesOf = (text: string, about: Match["about"]): Value[] =>
  text.split(",").map((value) => {
    const [first, last] = value.split(":");
    return about === "port" && last !== undefined ? [Number(first), Number(last || 65535)] : value.toLowerCase();
  });
