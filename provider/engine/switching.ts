import { parseAnswer } from "./facts";
import { iscsiLive } from "./iscsi";
import { define, lines, sh, type Sh } from "./sh";
import { MEMORY, REPORTS, SITE, type OnChange, type Pace, type Switch } from "./state";
import { drivers, WAKE } from "./switches";

export type Verb = "on" | "off" | "cycle" | "cycleIfIdle" | "status";

/** One machine to be switched. With `boots` once: a note of it on the host says that it was done. */
export interface Job {
  key: string;
  verb: Verb;
  way: Switch;
  boots?: string;
}

/** What came of it: words, or of `status` on, off or unknown. `passed` is one that was busy. */
export interface Switched {
  key: string;
  outcome: "done" | "passed" | "failed";
  words: string;
}

/** Letters of a tool's words that are told. */
const LONGEST = 300;

/** Machines that are asked or switched off at a time: no breaker minds those. */
const QUICK = 32;

/**
 * How machines are switched. All at a time that a breaker bears, and over all runs on this master; each for itself, so that a BMC that is silent delays none. The note is written when
 * it has happened: what a crash cut short is done by the next run, and what was done is done.
 */
const library: Sh = lines([
  iscsiLive,
  drivers,
  sh`
plain() { tr -c '[:print:]' ' ' | tr -s ' ' | sed 's/^ //; s/ $//' | cut -c1-4000; }
result() { # outcome words
  printf 'power\t%s\t%s\t%s\n' "$key" "$1" "$2" >"$R/$i.result"
  printf '%s: %s\n' "$machine" "$2" >&2
}
noted() {
  [ -z "$boots" ] || { printf '%s\n' "$boots" >"$D/.$key" && sync "$D/.$key" && mv -f "$D/.$key" "$D/$key" && sync "$D"; }
}
busy() { # says with what
  job=${SITE}/http/orders/$machine/job
  said=${REPORTS}/$machine/status
  nonce=$(sed -n 's/^nonce //p' "$job" 2>/dev/null)
  if [ -n "$nonce" ] && [ ! -f ${SITE}/claims/"$nonce"/done ] && ! grep -qs '"stage": *"failed"' "$said"; then
    for by in ${SITE}/claims/"$nonce"/by-*; do [ ! -e "$by" ] || { printf 'its %s' "$(sed -n 's/^do //p' "$job")"; return 0; }; done
  fi
  [ -n "$(find "$said" -mmin -1 2>/dev/null)" ] && ! grep -Eq '"stage": *"(done|failed|shell)"' "$said" && { echo 'the imaging system'; return 0; }
  [ -n "$address" ] && iscsi_live | awk -F'\t' -v address="$address" 'index("," $6 ",", "," address ",") { found = 1 } END { exit !found }' && { echo 'its disk, which is open'; return 0; }
  return 1
}
act() { # verb; says what was done
  state=
  [ "$driver" = wol ] || state=$("$driver"_power state) || return
  case $1,$state in
    status,*) echo "\${state:-unknown}" ;;
    on,on) echo 'is on already' ;;
    off,off) echo 'is off already' ;;
    on,* | cycle,off) "$driver"_power on && if [ "$driver" = wol ]; then echo 'was sent its packet'; else echo 'switched on'; fi ;;
    off,*) "$driver"_power off && echo 'switched off' ;;
    cycle,*) "$driver"_power cycle && echo 'power-cycled' ;;
  esac
}
job() { # number
  i=$1; "job_$i"
  [ -z "$boots" ] || [ ! -f "$D/$key" ] || [ "$(cat "$D/$key")" != "$boots" ] || { result 'done' 'was looked after for this boot already'; return; }
  if [ "$verb" = cycleIfIdle ]; then
    if with=$(busy); then noted; result passed "is busy with $with, and was not power-cycled: it boots what is new when it next starts"; return; fi
    verb=cycle
  fi
  said=$(act "$verb" 2>"$R/$i.words"); code=$?
  case $code in
    0) : >"$R/acted"; if noted; then result 'done' "$said"; else result failed 'it was switched, and that could not be noted: is the disk full?'; fi ;;
    124 | 137) result failed "no answer within $limit seconds" ;;
    *) said=$(plain <"$R/$i.words"); result failed "\${said:-exit status $code}" ;;
  esac
}
turn() { # pause; a breaker bears so many at a time, whoever asks
  last=0 now=$(date +%s)
  [ ! -f "$D/.last" ] || read -r last <"$D/.last"
  left=$((last + $1 - now))
  [ "$left" -le 0 ] || [ "$left" -gt "$1" ] || sleep "$left"
}
all() { # at-once pause number...
  most=$1 pause=$2; shift 2
  while [ $# -gt 0 ]; do
    [ "$pause" = - ] || turn "$pause"
    n=0
    while [ $# -gt 0 ] && [ $n -lt "$most" ]; do ( job "$1" ) 8>&- >/dev/null & n=$((n + 1)); shift; done
    wait
    [ ! -f "$R/acted" ] || { rm -f "$R/acted"; [ "$pause" = - ] || date +%s >"$D/.last"; }
  done
}`,
]);

/** One script for all. Each job is a function: what it needs are variables of the shell, which are in no process's arguments and in nobody's environment. */
export function switchScript(jobs: readonly Job[], pace: Pace): string {
  const careful = jobs.some(({ verb }) => verb !== "status" && verb !== "off");
  const speed = careful ? sh`${pace.atOnce} ${pace.pauseSeconds}` : sh`${QUICK} -`;
  const locked = jobs.some(({ verb }) => verb !== "status");
  return lines([
    sh`LC_ALL=C; export LC_ALL; PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin; export PATH; T=$(printf '\t') D=${MEMORY}/power WAKE=${WAKE}`,
    library,
    ...jobs.map((job, i) => define(`job_${i + 1}`, variables(job, i + 1))),
    define("netboot", [
      sh`umask 077; trap '' HUP INT PIPE TERM
[ -d ${MEMORY} ] || { echo absent; echo end; return; }
mkdir -p "$D" && R=$(mktemp -d /run/netboot-power.XXXXXX) || return
trap 'rm -rf "$R"' EXIT`,
      ...(locked
        ? [sh`exec 8>>"$D/.lock"
waited=0
until flock -w 10 8; do
  echo 'waiting for another run that switches machines' >&2
  waited=$((waited + 10)); [ $waited -lt 1800 ] || return
done`]
        : []),
      sh`all ${speed} ${jobs.map((_, i) => String(i + 1))}
find "$R" -name '*.result' -exec cat {} +
echo end`,
    ]),
    sh`netboot </dev/null`,
    sh``,
  ]).text;
}

function variables({ key, verb, way, boots = "" }: Job, i: number): Sh[] {
  const { machine, mac = "", address = "", driver, timeoutSeconds } = way;
  const common = sh`key=${key} machine=${machine} verb=${verb} boots=${boots} mac=${mac} address=${address} driver=${driver} limit=${timeoutSeconds}`;
  switch (way.driver) {
    case "wol":
      return [common, sh`card=${way.card} to=${way.to} port=${way.port} interface=${way.interface ?? ""}`];
    case "ipmi":
      return [common, sh`host=${way.host} port=${way.port} user=${way.user} secret=${way.password} cipher=${way.cipherSuite ?? ""}`];
    case "redfish":
      return [common, sh`url=${way.url} secret=${configured(`${way.user}:${way.password}`)} system=${way.system ?? ""} pin=${way.publicKey ?? ""} insecure=${way.insecure ? "yes" : ""}`];
    case "command": {
      const environment = Object.entries(way.environment).map(([name, value]) => sh`${{ text: name }}=${value}; export ${{ text: name }}`);
      const run = lines([sh`run_${i}() {`, ...environment, sh`exec "$@" ${way.command} "$asked"`, sh`}`]);
      return [common, sh`user=${way.user}`, run];
    }
  }
}

/** As between quotes in a file of curl's (curl(1), --config). */
const configured = (text: string) => text.replace(/[\\"]/g, "\\$&");

/** What no line of a tool may give away. */
export const secretsOf = (way: Switch): string[] => (way.driver === "command" ? Object.values(way.environment) : "password" in way ? [way.password] : []).filter(Boolean);

/** Of words of a tool's, what may be told: without secrets, neither as they are nor as `plain` makes them, and cut only then, so that none is left in part. */
export function redacted(text: string, secrets: readonly string[]): string {
  const forms = secrets.flatMap((secret) => [secret, secret.replace(/[^!-~]+/g, " ").trim()]).filter(Boolean).sort((a, b) => b.length - a.length);
  const clean = forms.length ? text.replace(new RegExp(forms.map((form) => form.replace(/[^A-Za-z0-9]/g, "\\$&")).join("|"), "g"), "[secret]") : text;
  return clean.slice(0, LONGEST);
}

/** What the script's answer says of each job; one of which it says nothing has failed. */
export function switchedIn(answer: ReturnType<typeof parseAnswer>, jobs: readonly Job[]): Switched[] {
  const rows = new Map((answer.get("power") ?? []).map(([key, outcome, words]) => [key!, { outcome: outcome as Switched["outcome"], words: words ?? "" }]));
  const silent = { outcome: "failed" as const, words: answer.has("absent") ? "nothing of netboot is on this master" : "the master said nothing of it" };
  return jobs.map(({ key, way }) => {
    const { outcome, words } = rows.get(key) ?? silent;
    return { key, outcome, words: redacted(words, secretsOf(way)) };
  });
}

/** A pace at which nobody's breaker goes. */
export const slowest = (jobs: readonly Job[]): Pace => ({ atOnce: Math.min(...jobs.map(({ way }) => way.pace.atOnce)), pauseSeconds: Math.max(...jobs.map(({ way }) => way.pace.pauseSeconds)) });

export const verbFor = (onChange: OnChange): Verb => (onChange === "none" ? "status" : onChange);

/** By which way, for messages. */
export function wayOf(way: Switch): string {
  switch (way.driver) {
    case "wol":
      return `Wake-on-LAN ${way.card}`;
    case "ipmi":
      return `BMC ${way.host}${way.port === 623 ? "" : `:${way.port}`}`;
    case "redfish":
      return `BMC ${way.url}`;
    case "command":
      return way.command[0]!;
  }
}
