import { kinds } from "./kinds";
import { groupBy } from "./paths";
import { split, type Entry } from "./record";
import { define, lines, sh, type Sh } from "./sh";
import { common } from "./shell";

/** What the scripts need; all of it is in a minimal Debian but what a message then names. */
const TOOLS = ["awk", "base64", "dpkg-query", "find", "flock", "sed", "sha256sum", "sort", "stat", "sync", "systemctl", "xargs"];

/** A function `keys_KIND` for each kind, printing keys one a line: said once, asked about before and after. */
export function keyLists(entries: readonly Entry[]): Sh {
  const byKind = groupBy(entries.map(split), ([kind]) => kind);
  return lines(kinds.map(({ name }) => define(`keys_${name}`, byKind.has(name) ? [sh`printf '%s\n' ${byKind.get(name)!.map(([, key]) => key)}`] : [])));
}

export const askKeys = ({ name }: { name: string }): Sh => sh`k=$(keys_${{ text: name }}); probe_${{ text: name }}`;

/**
 * The whole host in one question: the system, our memory, every recorded key as it is, the text of recorded files that are no longer as recorded,
 * and the keys that someone is about to want. Nothing is written, not even a temporary file.
 */
export function probeScript(wanted: readonly Entry[]): string {
  return lines([
    common,
    keyLists(wanted),
    define("netboot", [
      sh`take_lock -s 900 || { printf 'locked\t%s\n' "$(cat "$M/lock")"; return 0; }
if [ -r /etc/os-release ]; then ( . /etc/os-release; printf 'os\t%s\t%s\n' id "$ID" like "\${ID_LIKE-}" version "\${VERSION_ID-}" ); fi
for tool in ${TOOLS}; do command -v "$tool" >/dev/null || printf 'missing\t%s\n' "$tool"; done
memory
[ -d "$W" ] && echo unfinished
own= files=
[ -d "$M/owners" ] && own=$(find "$M/owners" -maxdepth 1 -type f -exec cat {} +)
[ -n "$own" ] && printf '%s\n' "$own" | sed 's/^/own\t/'
of() { { printf '%s\n' "$own" | awk -F'\t' -v kind="$1" '$1 == kind { print $2 }'; keys_"$1"; } | sort -u; }`,
      ...kinds.map((kind) => (kind.name === "files" ? sh`k=$(of files); [ -z "$k" ] || files=$(probe_files); [ -z "$files" ] || printf '%s\n' "$files"` : sh`k=$(of ${kind.name}); [ -z "$k" ] || probe_${kind.name}`)),
      sh`printf '%s\n=\n%s\n' "$own" "$files" | awk -F'\t' '
$0 == "=" { now = 1; next }
!now && $1 == "files" { split($3, recorded, " "); sum[$2] = recorded[2] }
now && ($2 in sum) && $3 == "f" && sum[$2] != $6 { print $2 }' |
while IFS= read -r path; do printf 'text\t%s\t%s\n' "$path" "$(head -c 1048576 -- "$path" | base64 -w0)"; done
echo end`,
    ]),
    sh`netboot </dev/null`,
    sh``,
  ]).text;
}

/** Only these keys, beside what is known: a commit between the two questions shows in its number. */
export function keysScript(entries: readonly Entry[]): string {
  const asked = new Set<string>(entries.map((of) => split(of)[0]));
  return lines([
    common,
    keyLists(entries),
    define("netboot", [...kinds.filter(({ name }) => asked.has(name)).map(askKeys), sh`echo end`]),
    sh`netboot </dev/null`,
    sh``,
  ]).text;
}

/** The text of files whose digest we know but whose text we do not: state is older than the host's record. */
export function textScript(paths: readonly string[]): string {
  return lines([
    define("netboot", [sh`for path in ${paths}; do [ -f "$path" ] && printf 'text\t%s\t%s\n' "$path" "$(head -c 1048576 -- "$path" | base64 -w0)"; done; echo end`]),
    sh`netboot </dev/null`,
    sh``,
  ]).text;
}
