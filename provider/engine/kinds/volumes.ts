import type { Kind, Todo } from "../kind";
import { base } from "../paths";
import { lines, sh, type Sh } from "../sh";
import type { VolumeSpec } from "../state";
import { allDrivers, prefixOf } from "../volumes";
import { volumeLibrary } from "../volumes/library";
import { storeOf } from "../volumes/store";

interface Seen {
  type: string;
  driver: string;
  /** 0 without a lineage: nobody made it, or it was never finished. */
  generation: number;
  /** "empty", "image SHA256", "volume PATH GENERATION" or "copy PATH GENERATION". */
  from: string;
  /** How many earlier generations the lineage says are kept. */
  history: number;
  /** Bytes; 0 if the disk that the lineage names is gone. */
  size: number;
  used: number;
  children: string[];
  sessions: string[];
  /** A disk is there that is neither of its generation nor of its history. */
  left: boolean;
}

const list = (text: string | undefined): string[] => (text ? text.split(",") : []);

/** How a lineage says it; of a parent the path alone, since a child stays what it is when its parent gets on. */
const origin = ({ from }: VolumeSpec): string => (!from ? "empty" : "image" in from ? `image ${from.image}` : "copy" in from ? `copy ${from.copy}` : `volume ${from.volume}`);
const sameOrigin = (want: VolumeSpec, seen: Seen) => origin(want) === seen.from.replace(/^((?:volume|copy) .*) [0-9]+$/, "$1");
const history = ({ history }: VolumeSpec): number => history ?? 0;

/** Is it what it is to be until its machine boots? */
const waits = (want: VolumeSpec, seen: Seen): boolean => !!want.atBoot && seen.size > 0 && seen.generation < want.generation;
/** Is a disk to be made, as there is none or a newer generation is wanted? */
const fresh = (want: VolumeSpec, seen: Seen | undefined): boolean => !seen?.size || (seen.generation < want.generation && !waits(want, seen));

/**
 * Disks for machines. What is on one is its user's: it is made once for each generation and never looked at again; what differs otherwise is refused and not mended.
 * A new generation is made beside the old one, which goes when nothing offers it any more.
 */
export const volumes: Kind<"volumes", Seen> = {
  name: "volumes",
  keys: "path",
  content: true,
  shared: false,
  stable: false,
  library: volumeLibrary,
  probe: lines([
    sh`
pools=$(printf '%s\n' "$k" | sed 's|/[^/]*$||' | sort -u)
{ printf '%s\n' "$k" | sed 's/^/key\t/'
  printf '%s\n' "$pools" | xargs -d '\n' sh -c 'find "$@" -mindepth 1 -maxdepth 1 -printf "at\t%p\t%y\n"' sh 2>/dev/null
  printf '%s\n' "$pools" | xargs -d '\n' sh -c 'find "$@" -mindepth 2 -maxdepth 2 -name lineage -type f' sh 2>/dev/null | xargs -r -d '\n' awk '{ print "is\t" FILENAME "\t" $0 }'`,
    ...allDrivers.map(({ facts }) => sh`  printf '%s\n' "$pools" | ${facts}`),
    sh`  iscsi_live | sed 's/^/live\t/'
} | awk -F'\t' '
function add(list, item) { return list (list == "" ? "" : ",") item }
$1 == "key" { order[++n] = $2 }
$1 == "at" { type[$2] = $3 }
$1 == "is" {
  path = $2; sub(/\/lineage$/, "", path); m = split($3, word, " ")
  said[path, word[1]] = substr($3, length(word[1]) + 2)
  if (word[1] == "from" && word[2] == "volume") { name = path; sub(/.*\//, "", name); children[word[3]] = add(children[word[3]], name) }
}
$1 == "disk" { size[$2, $3] = $4; used[$2] += $5; disks[$2] = disks[$2] " " $3; of[$6] = $2 }
$1 == "live" && $7 != "" { m = split($4, on, ","); for (i = 1; i <= m; i++) { store = on[i]; sub(/^[0-9]+r?=/, "", store); if (store in of) open[of[store]] = add(open[of[store]], $7) } }
END {
  for (i = 1; i <= n; i++) {
    p = order[i]; if (!(p in type)) continue
    g = said[p, "generation"] + 0; h = said[p, "history"] + 0; left = ""
    m = split(disks[p], there, " "); for (j = 1; j <= m; j++) if (there[j] > g || there[j] < g - h) left = "left"
    printf "volumes\t%s\t%s\t%s\t%d\t%s\t%.0f\t%.0f\t%s\t%s\t%s\t%d\n", p, type[p], said[p, "driver"], g, said[p, "from"], size[p, g], used[p], children[p], open[p], left, h
  }
}'`,
  ]),
  parse: ([type, driver, generation, from, size, used, children, sessions, left, history]) => ({
    type: type!, driver: driver ?? "", generation: Number(generation), from: from ?? "", size: Number(size), used: Number(used), children: list(children), sessions: list(sessions), left: left === "left", history: Number(history ?? 0),
  }),
  ours: (seen) => seen.generation > 0,
  digest: (want) => [want.driver, want.generation, origin(want), want.size ?? "any", ...(want.atBoot ? ["atBoot"] : []), ...(want.history ? [`history ${want.history}`] : []), ...(want.retain ? ["retain"] : [])].join(" "),
  retained: (digest) => digest.endsWith(" retain"),
  refuses(want, seen, path) {
    if (!seen?.generation) return undefined;
    const problem = (cause: string, mend: string) => ({ cause: `${path} ${cause}`, file: path, mend });
    if (seen.driver !== want.driver) return problem(`is kept by ${seen.driver}, and ${want.driver} is declared`, `Write storage: { driver: "${seen.driver}" } on the master again, or declare another name and move what is on it by hand.`);
    if (seen.generation > want.generation) return problem(`is of generation ${seen.generation} already, and ${want.generation} is declared`, `Declare ${seen.generation} to leave it as it is, or ${seen.generation + 1} to have it made anew.`);
    if (seen.generation < want.generation) return undefined;
    if (!sameOrigin(want, seen)) return problem(`came from ${seen.from}, and ${origin(want)} is declared`, "Raise its generation to have it made anew; what is on it is lost then.");
    if (want.size !== undefined && seen.size > want.size) return problem(`has ${seen.size} bytes, and ${want.size} are declared: a disk is not made smaller`, `Declare ${seen.size}, or raise its generation to have it made anew.`);
    return undefined;
  },
  diff(want, seen) {
    if (want === undefined) return seen && "no longer declared";
    if (!seen?.generation) return "missing";
    if (!seen.size) return "its disk is gone";
    if (fresh(want, seen)) return `generation ${seen.generation} → ${want.generation}: made anew`;
    if (want.size !== undefined && seen.size < want.size) return `size ${seen.size} → ${want.size}`;
    if (seen.history !== history(want)) return `history ${seen.history} → ${history(want)}`;
    if (seen.left) return "a disk of another generation is left";
    return undefined;
  },
  observed(seen, want) {
    if (!seen.generation || !seen.size) return undefined;
    const { history: _, ...rest } = want;
    return { ...rest, generation: waits(want, seen) ? want.generation : seen.generation, ...(seen.history && { history: seen.history }), ...(want.size !== undefined && { size: seen.size }) };
  },
  script(todo) {
    const made = todo.filter((t) => t.op !== "remove" && fresh(t.want!, t.seen));
    const unseen = made.filter((t) => !t.seen).map((t) => t.key);
    const kept = todo.filter((t) => t.op !== "remove" && !fresh(t.want!, t.seen));
    const longer = kept.filter((t) => t.seen!.history !== history(t.want!));
    const gone = todo.filter((t) => t.op === "remove");
    const names = gone.map((t) => base(t.key));
    const grown = kept.filter((t) => t.want!.size !== undefined && t.want!.size > t.seen!.size);
    return {
      prepare: [...(unseen.length ? [sh`volume_new ${unseen}`] : []), ...made.filter((t) => t.seen).map((t) => sh`volume_idle ${t.key}`), ...grown.map((t) => sh`volume_fits ${prefixOf(t.want!.driver)} ${t.key} ${String(t.want!.size)}`), ...gone.map((t) => sh`volume_free ${t.key} ${names}`)],
      stage: [...made.map(make), ...longer.map((t) => sh`volume_history ${t.key} ${history(t.want!)}`)],
      place: [
        ...longer.map((t) => sh`place ${t.key} lineage`),
        ...made.map((t) => sh`volume_place ${prefixOf(t.want!.driver)} ${t.key} ${t.want!.generation}`),
        ...grown.map((t) => sh`${prefixOf(t.want!.driver)}_grow ${storeOf(t.key, t.want!.generation)} ${t.want!.size!}`),
      ],
      retire: [
        // Where nothing was there is nothing to sweep, but for what a crash has left elsewhere.
        ...made.filter((t) => !t.seen).slice(0, 1).map((t) => sh`volume_lost ${prefixOf(t.want!.driver)} ${t.key}`),
        ...[...made.filter((t) => t.seen), ...kept].map((t) => sh`volume_sweep ${prefixOf(t.want!.driver)} ${t.key}`),
        ...gone.map((t) => sh`volume_remove ${t.seen!.driver ? prefixOf(t.seen!.driver) : "any"} ${t.key}`),
      ],
    };
  },
};

function make({ key, want }: Todo<VolumeSpec>): Sh {
  const { driver, generation, size, from } = want!;
  const [how, source, at] = !from ? ["empty", ""] : "image" in from ? ["image", from.image] : "copy" in from ? ["copy", from.copy] : ["volume", from.volume, from.at];
  return sh`volume_make ${prefixOf(driver)} ${key} ${generation} ${size === undefined ? "" : String(size)} ${history(want!)} ${how} ${source} ${at === undefined ? "" : String(at)}`;
}
