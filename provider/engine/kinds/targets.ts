import type { Kind } from "../kind";
import { folder } from "../paths";
import { sha256 } from "../record";
import { sh } from "../sh";
import type { TargetSpec } from "../state";
import { diskAt, storeOf } from "../volumes/store";
import { SECRET, targetLibrary, TARGETS } from "../targets";

interface Seen {
  /** Text of the saved file, with `SECRET` for the secret; its owner and mode. */
  conf: string;
  confMode: string;
  /** CHAP user, and where the machine's boot script is, as the file says. */
  user: string;
  path: string;
  /** That script, likewise. */
  script: string;
  scriptMode: string;
  /** Do both hold the same secret? */
  agree: boolean;
  /** What the daemon has; nothing if it has none of this name. */
  live: string;
  sessions: string[];
  /** Of which generation the volumes are that are saved in it, by path, where their disk is there. */
  now: Record<string, number>;
}

/** As probes print texts: in one line. */
const folded = (text: string) => text.replaceAll("\n", "\\n");
/** Identity of a disk as the machine sees it: not the daemon's own numbering, which changes with each start. */
const serial = (iqn: string, lun: string) => sha256(`${iqn} ${lun}`).slice(0, 16);
const luns = ({ luns, media }: TargetSpec) => Object.entries({ ...luns, ...media }).sort(([a], [b]) => Number(a) - Number(b));
const fixed = ({ readOnly, media }: TargetSpec, lun: string) => (readOnly?.includes(lun) || (media && lun in media)) ?? false;

const HEAD = "# Made by netboot. The secret was drawn here.";

/** In the order in which the kernel wants it; what is told by one line is needed by the next. */
const lioConf = (iqn: string, want: TargetSpec): string[] => [
  HEAD, `# script ${want.script}`, `target ${iqn}`, `portal ${want.portal}:3260`, `initiator ${want.initiator}`, `incominguser ${want.user} ${SECRET}`,
  ...luns(want).map(([lun, store]) => `lun ${lun} ${serial(iqn, lun)} ${fixed(want, lun) ? "read" : "write"} ${store}`), "",
];

function confOf(iqn: string, want: TargetSpec): string {
  if (want.by === "lio") return lioConf(iqn, want).join("\n");
  const stores = luns(want).flatMap(([lun, store]) => [
    `    <backing-store ${store}>`, `        lun ${lun}`, `        scsi_id netboot-${serial(iqn, lun).slice(0, 12)}`, `        scsi_sn ${serial(iqn, lun)}`, ...(fixed(want, lun) ? ["        readonly 1"] : []), "    </backing-store>",
  ]);
  return [HEAD, `# script ${want.script}`, `<target ${iqn}>`, ...stores, `    initiator-address ${want.address}`, `    incominguser ${want.user} ${SECRET}`, "</target>", ""].join("\n");
}

/** What the machine is told: iPXE has no quotes, and nothing here needs any. */
function scriptOf(iqn: string, { portal, initiator, user, luns: disks }: TargetSpec): string {
  const [first] = Object.keys(disks).sort((a, b) => Number(a) - Number(b));
  return ["#!ipxe", `set initiator-iqn ${initiator}`, `set username ${user}`, `set password ${SECRET}`, `set netboot-disk iscsi:${portal}:::${first}:${iqn}`, ""].join("\n");
}

/** What the daemon has, by number. */
const offered = (live: string): [lun: string, r: string, store: string][] =>
  (live.split(" ")[0] ?? "").split(",").filter(Boolean).map((disk) => /^(\d+)(r?)=(.*)$/.exec(disk)!.slice(1) as [string, string, string]);

/** What is to be exchanged, if no more differs than which media are offered: that needs no machine to be off. A commit that broke off may have saved it already. */
function exchanged(iqn: string, want: TargetSpec, { live, conf, agree }: Seen): [lun: string, store: string][] | undefined {
  const now = offered(live).flatMap(([lun, , store]) => (want.media && lun in want.media ? [[lun, store]] : []));
  const before: TargetSpec = { ...want, media: Object.fromEntries(now) };
  if (now.length !== Object.keys(want.media ?? {}).length || !agree || live !== liveOf(before) || ![want, before].some((spec) => conf === folded(confOf(iqn, spec)))) return undefined;
  return Object.entries(want.media ?? {}).filter(([lun, store]) => before.media![lun] !== store);
}

/** A disk of an earlier generation stays what it is until its machine boots. */
function untilBoot(want: TargetSpec, { now }: Seen): TargetSpec {
  const present = (store: string) => {
    const { volume, generation } = diskAt(store);
    return now[volume]! < generation ? storeOf(volume, now[volume]!) : store;
  };
  return want.atBoot ? { ...want, luns: Object.fromEntries(Object.entries(want.luns).map(([lun, store]) => [lun, want.atBoot!.includes(lun) ? present(store) : store])) } : want;
}

/** Volumes of which an earlier generation may be there, each with the one that is declared. */
const waiting = ({ luns, atBoot = [] }: TargetSpec): string[] => atBoot.flatMap((lun) => Object.values(diskAt(luns[lun]!)).map(String));

const liveOf = (want: TargetSpec) => [luns(want).map(([lun, store]) => `${lun}${fixed(want, lun) ? "r" : ""}=${store}`).join(), want.user, want.by === "lio" ? want.initiator : want.address].join(" ");
const CONF_MODE = "0600 0:0";
const SCRIPT_MODE = "0640 0:33";

/**
 * Disks offered by iSCSI, each target to one machine: by a secret, and where tgt offers it by its address, since tgt takes a name that an initiator gives itself for granted.
 * What is saved and what the daemon has are looked at apart: after every commit they are one.
 */
export const targets: Kind<"targets", Seen> = {
  name: "targets",
  keys: "name",
  shared: false,
  stable: false,
  library: targetLibrary,
  probe: sh`
{ iscsi_live | sed 's/^/live\t/'
  sed -n 's|^ *<backing-store \(.*\)/disk\.[0-9]*>$|\1|p; s|^lun [0-9]* [0-9a-f]* [a-z]* \(.*\)/disk\.[0-9]*$|\1|p' ${TARGETS}/*.conf 2>/dev/null | while read -r path; do
    while read -r word value; do [ "$word" != generation ] || [ ! -e "$path/disk.$value" ] || printf 'now\t%s\t%s\n' "$path" "$value"; done 2>/dev/null <"$path/lineage"
  done
  { find ${TARGETS} -maxdepth 1 -name '*.conf'; sed -n 's/^# script //p' ${TARGETS}/*.conf; } 2>/dev/null | xargs -r -d '\n' sh -c 'find "$@" -maxdepth 0 -type f -printf "mode\t%p\t%m\t%U:%G\n"' sh 2>/dev/null
  printf '%s\n' "$k" | sed 's/^/key\t/'
} | awk -F'\t' '
$1 == "live" { live[$2] = $4 " " $5 " " $6; open[$2] = $7 }
$1 == "now" { now[$2] = $3 }
$1 == "mode" { mode[$2] = substr("0000" $3, length($3) + 1) " " $4 }
$1 == "key" {
  iqn = $2; conf = dir "/" iqn ".conf"; text = user = path = saved = script = told = is = ""
  while ((getline line < conf) > 0) {
    if (line ~ /^# script /) path = substr(line, 10)
    if (line ~ /^ *incominguser /) { split(line, word, " "); user = word[2]; saved = word[3]; sub(/[^ ]*$/, "@SECRET@", line) }
    if (line ~ /^( *<backing-store|lun) /) { store = line; sub(/^ *<backing-store |^lun [^ ]* [^ ]* [^ ]* /, "", store); sub(/\/disk\.[0-9]+>?$/, "", store); if (store in now) is = is (is == "" ? "" : ",") now[store] "=" store }
    text = text line "\\n"
  }
  close(conf)
  if (path != "") {
    while ((getline line < path) > 0) {
      if (line ~ /^set password /) { told = substr(line, 14); line = "set password @SECRET@" }
      script = script line "\\n"
    }
    close(path)
  }
  if (text != "" || iqn in live)
    printf "targets\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", iqn, text, mode[conf], user, path, script, mode[path], (saved != "" && saved == told) ? "agree" : "", live[iqn], open[iqn], is
}' dir=${TARGETS} -`,
  parse: ([conf, confMode, user, path, script, scriptMode, agree, live, sessions, now]) => ({
    conf: conf!, confMode: confMode ?? "", user: user ?? "", path: path ?? "", script: script ?? "", scriptMode: scriptMode ?? "", agree: agree === "agree", live: live ?? "", sessions: sessions ? sessions.split(",") : [],
    now: Object.fromEntries((now ? now.split(",") : []).map((one) => [one.slice(one.indexOf("=") + 1), parseInt(one)])),
  }),
  digest: (want) => sha256(JSON.stringify([luns(want), want.address, want.initiator, want.user, want.portal, want.script, ...(want.readOnly ?? []), ...(want.media ? Object.keys(want.media) : []), ...(want.by ? [want.by] : []), ...(want.atBoot ? [want.atBoot] : [])])).slice(0, 16),
  diff(declared, seen, iqn) {
    if (declared === undefined) return seen && "no longer declared";
    if (!seen) return "missing";
    const want = untilBoot(declared, seen);
    if (!seen.conf) return "not saved: a reboot would lose it";
    if (seen.conf !== folded(confOf(iqn, want))) return "its saved file differs";
    if (seen.confMode !== CONF_MODE) return `its saved file has mode ${seen.confMode}`;
    if (seen.script !== folded(scriptOf(iqn, want)) || seen.scriptMode !== SCRIPT_MODE || !seen.agree) return "what the machine is told of it differs";
    if (!seen.live) return "not offered";
    if (seen.live !== liveOf(want)) return `offered otherwise: ${seen.live}`;
    return undefined;
  },
  observed(seen, want) {
    if (!seen.conf || !seen.live) return undefined;
    const [, user, allowed] = seen.live.split(" ");
    const { readOnly: _, media: __, ...rest } = want;
    const all = offered(seen.live);
    const until = untilBoot(want, seen).luns;
    const isMedium = ([lun, r]: readonly string[]) => r === "r" && !!want.media && lun! in want.media;
    const disks = all.filter((disk) => !isMedium(disk));
    const media = all.filter(isMedium).map(([lun, , store]) => [lun, store]);
    const readOnly = disks.flatMap(([lun, r]) => (r ? [lun] : []));
    return { ...rest, luns: Object.fromEntries(disks.map(([lun, , store]) => [lun, store === until[lun] ? want.luns[lun]! : store])), ...(readOnly.length && { readOnly }), ...(media.length && { media: Object.fromEntries(media) }), user: user!, ...(want.by === "lio" ? { initiator: allowed! } : { address: allowed! }) };
  },
  script(todo) {
    const made = todo.filter((t) => t.op !== "remove");
    const gone = todo.filter((t) => t.op === "remove");
    const media = new Map(made.map((t) => [t, t.seen && exchanged(t.key, untilBoot(t.want!, t.seen), t.seen)]));
    const anew = made.filter((t) => !media.get(t));
    const replaced = anew.filter((t) => t.seen?.live);
    const users = anew.flatMap((t) => (t.seen?.live || t.want!.by === "lio" ? [] : [t.want!.user]));
    const offers = [...(made.some((t) => t.want!.by !== "lio") ? [sh`targets_offer`] : []), ...(made.some((t) => t.want!.by === "lio") ? [sh`lio_targets_offer ${made.filter((t) => t.want!.by === "lio").map((t) => t.key)}`] : [])];
    const stale = made.flatMap((t) => (t.seen?.path && t.seen.path !== t.want!.script ? [sh`script_drop ${t.key} ${t.seen.path}`] : []));
    return {
      prepare: [...anew, ...gone].filter((t) => t.seen).map((t) => sh`target_idle ${t.key}`),
      stage: made.map((t) => sh`target_write ${t.key} ${confOf(t.key, t.want!)} ${t.want!.script} ${scriptOf(t.key, t.want!)} ${waiting(t.want!)}`),
      place: made.length ? [TARGETS, ...new Set(made.map((t) => folder(t.want!.script)))].map((dir) => sh`place ${dir} targets`) : [],
      offer: made.length ? [...replaced.map((t) => sh`target_drop ${t.key} ${t.want!.user} ${t.seen!.user}`), ...(users.length ? [sh`account_drop ${users}`] : []), ...[...media].flatMap(([t, those]) => (those ?? []).map(([lun, store]) => sh`target_exchange ${t.key} ${lun} ${store}`)), ...offers] : [],
      stop: gone.map((t) => sh`target_withdraw ${t.key} ${t.seen!.user} ${t.seen!.path}`),
      retire: stale,
    };
  },
};
