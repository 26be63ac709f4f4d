import { createHash } from "node:crypto";
import { apt } from "./apt";
import { library } from "./commit";
import type { Answer, Facts } from "./facts";
import type { Kind, Steps } from "./kind";
import { kinds } from "./kinds";
import { isPath } from "./entries";
import { folder, inside, isLive, parents, UNITS } from "./paths";
import { ownersAfter, type Plan } from "./plan";
import { askKeys, keyLists } from "./probe";
import { entry, fileOf, render, split, type Entry, type OwnerRecord } from "./record";
import { define, lines, sh, type Sh } from "./sh";
import { common } from "./shell";
import { unitsTouched, watchedBy } from "./units";

export interface Setting {
  /** Who commits, for those who wait: user@host, stack, process. */
  who: string;
  /** Seconds to wait for the lock, and to watch a service after its start (a tenth of it after a reload). */
  patience: number;
  watch: number;
}

/** What their keys name is a directory, which is written into. */
const FOLDERS: string[] = ["directories", "volumes", "places"];

export interface Script {
  text: string;
  touched: Entry[];
  owners: Map<string, OwnerRecord>;
}

/** One script for a whole plan: lock, compare, stage, test, swap, settle, clear away, prove. Pure. */
export function applyScript(plan: Plan, facts: Facts, setting: Setting): Script {
  const watched = watchedBy(facts, plan.todo);
  const builds = new Map([...plan.changes.keys()].flatMap((op) => Object.entries(op.builds ?? {})));
  const parts = kinds.map((kind) => kind.script(plan.todo.filter((t) => t.kind === kind.name), { watched, build: (path) => builds.get(path) }));
  const phase = (name: keyof Steps): Sh[] => parts.flatMap((steps) => steps[name] ?? []);
  const backwards = (name: keyof Steps): Sh[] => [...parts].reverse().flatMap((steps) => steps[name] ?? []);

  const owners = ownersAfter(facts, plan);
  const live = plan.todo.some((t) => isLive(t.key));
  const liveStays = [...owners.values()].some((record) => [...record.keys()].some((of) => isLive(split(of)[1])));
  const unitFiles = plan.todo.some((t) => t.kind === "files" && inside(t.key, UNITS));
  const units = unitsTouched(facts, plan.todo);
  const settles = units.length > 0 || unitFiles;
  const below = [...new Set(plan.todo.filter((t) => isPath(t.kind) && !isLive(t.key)).flatMap((t) => [...parents(t.key), ...(FOLDERS.includes(t.kind) ? [t.key] : [])]))].filter((dir) => facts.created.has(folder(dir)));
  const gone = plan.todo.filter((t) => t.kind === "services" && t.op === "remove").map((t) => t.key);
  const touched = [...new Set([...plan.todo.map((t) => entry(t.kind, t.key)), ...units.map((unit) => entry("services", unit))])];
  const asked = kinds.filter((kind) => touched.some((of) => split(of)[0] === kind.name));
  const ordering = asked.some((kind) => kind.name === "orders");
  const serial = facts.serial + 1;

  const final = records(plan.records, "final", (owner, record) => (sameSize(facts.owners.get(owner), record) ? undefined : record));

  const body: Sh[] = [
    sh`trap '' HUP INT PIPE TERM
take_lock -x ${setting.patience} || { printf 'status\tlocked\t%s\nend\n' "$(cat "$M/lock")"; exit 0; }
printf '%s, since %s\n' ${setting.who} "$(date -u +%Y-%m-%dT%H:%M:%SZ)" >"$M/lock"
now=0; [ -f "$M/serial" ] && read -r now <"$M/serial"
[ "$now" = ${facts.serial} ] || { printf 'status\tstale\tserial\nend\n'; exit 0; }
[ "$(before)" = ${expected(facts, touched)} ] || { printf 'status\tstale\tcontent\nend\n'; exit 0; }
SERIAL=${serial} STEP=start
rm -rf "$W" "$V"; mkdir -m 700 "$V"; : >"$V/words"
exec 3>>"$V/said" 4>&2 2>>"$V/words"
mkdir -p "$W" "$M/stamps" "$M/owners" "$M/units" && chmod 700 "$W" || fail
trap policy_off EXIT
printf '%s\n' ${serial} >"$W/serial" && mv -f "$W/serial" "$M/serial" || fail
policy_off; unstage; generations; aftermath`,
    ...(below.length ? [sh`straight ${below}`] : []),
    ...(ordering ? [sh`pending_orders`] : []),
    // Uploads that a crash kept from their commit; whoever still waits with one is told, and uploads again.
    ...(facts.unfinished ? [sh`find "$M/incoming" -type f ! \( -name '*.part' -mmin -60 \) -delete 2>/dev/null`] : []),
    sh`STEP=prepare`,
    ...phase("prepare"),
    sh`STEP=stage`,
    ...records(plan.records, "ahead", (owner, record) => union(facts.owners.get(owner), record)),
    ...phase("stage"),
    ...(live && liveStays ? [sh`live_begin`, ...phase("live"), sh`validate ${gone}`] : live ? [sh`OLD=$(readlink "$L")`] : []),
    sh`flush
STEP=place; fenced
place "$M/owners" ahead; [ ! -d "$M/units/.netboot-stage/ahead" ] || place "$M/units" ahead
order`,
    ...phase("place"),
    sh`STEP=switch; fenced`,
    ...backwards("stop"),
    ...phase("swap"),
    ...(live ? [liveStays ? sh`chmod 755 "$G"; live_switch "gen.$SERIAL"; SWITCHED=1` : sh`live_switch ''; SWITCHED=1`] : []),
    ...(settles ? [sh`STEP=settle; settle ${String(setting.watch)} ${String(setting.watch / 10)} ${unitFiles ? 1 : 0} ${units}`] : []),
    sh`STEP=offer; fenced`,
    ...phase("offer"),
    sh`STEP=retire`,
    ...backwards("retire"),
    // What an order has used may be free now.
    ...(ordering || asked.some((kind) => kind.name === "artifacts") ? [sh`leave_kept`] : []),
    sh`unstage; generations`,
    ...(plan.prune.length ? [sh`prune ${plan.prune}`] : []),
    ...(plan.purge ? [sh`purge_packages`] : []),
    sh`order; STEP=record`,
    ...final,
    ...(final.length ? [sh`place "$M/owners" final`] : []),
    ...removed(plan.records),
    sh`flush; finish ok`,
  ];
  const text = lines([
    common,
    apt,
    library,
    ...asked.flatMap((kind) => kind.library ?? []),
    keyLists(touched),
    define("before", [sh`{ :`, ...asked.filter((kind) => kind.stable).map(askKeys), sh`} | sort | sha256sum`]),
    define("undo", phase("undo")),
    define("finish", finish(asked, owners.size === 0)),
    define("netboot", body),
    sh`netboot </dev/null`,
    sh``,
  ]).text;
  return { text, touched, owners };
}

/** The end of every script, good or bad: leaves nothing temporary, asks again about what it touched, and says it all at once. */
function finish(asked: readonly Kind[], forget: boolean): Sh[] {
  return [
    sh`trap - EXIT; policy_off; unstage; generations
out=$( printf 'status\t%s\t%s\n' "$1" "\${2-}"; cat "$V/said"
  [ "$1" = ok ] || tail -n 40 "$V/words" | sed 's/^/words\t/'`,
    ...asked.map(askKeys),
    sh`)
[ "$1" != ok ] || [ ! -f "$W/used" ] || xargs -0 rm -rf -- <"$W/used"
rm -rf "$W" "$V"`,
    // A record that outlives the last owner would be an orphan, so it goes before anyone hears that all went well.
    ...(forget ? [sh`[ "$1" != ok ] || rm -rf "$M"`] : []),
    sh`[ "$1" = ok ] || [ -n "$(find "$M" -type f -size +0 ! -name lock ! -name serial | head -n 1)" ] || rm -rf "$M" # a first commit of which nothing came`,
    sh`printf '%s\n' "$out"; memory; echo end; exit 0`,
  ];
}

/** What the plan saw, in the form in which the script asks: if it is not so any more, the plan is void. */
function expected(facts: Facts, touched: readonly Entry[]): string {
  const stable = new Set<string>(kinds.filter((kind) => kind.stable).map((kind) => kind.name));
  const seen = touched.flatMap((of) => {
    const line = facts.seen.get(of);
    return line === undefined || !stable.has(split(of)[0]) ? [] : [`${of}\t${line}\n`];
  });
  seen.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  return `${createHash("sha256").update(seen.join("")).digest("hex")}  -`;
}

function records(changed: Plan["records"], place: string, text: (owner: string, record: OwnerRecord | undefined) => OwnerRecord | undefined): Sh[] {
  const rows = [...changed].flatMap(([owner, record]) => {
    const said = text(owner, record);
    return said && said.size > 0 ? [sh`printf %s ${render(owner, said)} >"$S"/${fileOf(owner)} || torn ${fileOf(owner)}`] : [];
  });
  return rows.length || place === "ahead" ? [sh`stage "$M/owners" ${place}`, ...rows] : [];
}

function removed(changed: Plan["records"]): Sh[] {
  const files = [...changed].filter(([, record]) => record === undefined).map(([owner]) => fileOf(owner));
  return files.length ? [sh`( cd "$M/owners" && printf '%s\0' ${files} | xargs -0 rm -f -- ) || fail`] : [];
}

/** Old and new together: the digest is that of the new. */
const union = (old: OwnerRecord | undefined, next: OwnerRecord | undefined): OwnerRecord => new Map([...(old ?? []), ...(next ?? [])]);
/** Without removals what was written ahead already is the end. */
const sameSize = (old: OwnerRecord | undefined, next: OwnerRecord | undefined): boolean => next !== undefined && union(old, next).size === next.size;

export interface Outcome {
  status: "ok" | "stale" | "locked" | "foreign" | "refused" | "unhealthy" | "packages" | "digest" | "artifact" | "volume" | "target" | "busy" | "failed";
  subject: string;
  words: string;
  notes: string[];
  restarts: string[];
  reloads: string[];
}

export function outcomeOf(answer: Answer): Outcome {
  const [status, subject] = answer.get("status")?.[0] ?? ["failed", "start"];
  const said = (tag: string) => (answer.get(tag) ?? []).map((fields) => fields.join("\t"));
  return { status: status as Outcome["status"], subject: subject ?? "", words: said("words").join("\n").trim(), notes: said("note"), restarts: said("restart"), reloads: said("reload") };
}
