import { ISCSI_UNIT, sessionWords } from "../iscsi";
import type { Kind } from "../kind";
import { sha256 } from "../record";
import { lines, sh } from "../sh";
import { MEMORY, type ServiceSpec } from "../state";
import { TARGETS } from "../targets";

interface Seen {
  active: string;
  enabled: string;
  /** Digest of the spec that the host has; "-" for a unit that we do not look after. */
  spec: string;
  /** What is owed: files changed since the last successful start or reload, or a unit file that systemd has not read. */
  owed: string;
}

const canonical = (want: ServiceSpec): string =>
  JSON.stringify([want.check ?? "", [...want.restartOn].sort(), [...(want.reloadOn ?? [])].sort(), want.order ?? 50, ...(want.findsNew ? ["new"] : [])]);

/**
 * systemd units. A restart is a state: the host keeps what a unit watches and a stamp of what it was last started with, so that whatever commit changes a
 * watched file, and whatever crashed in between, the next commit knows what is owed. The starting itself is the engine's (`settle`), once per unit.
 */
export const services: Kind<"services", Seen> = {
  name: "services",
  keys: "unit",
  shared: false,
  stable: false,
  // Whoever withdraws a target finds no session on it any more, once this unit has gone. The kernel's targets may be somebody else's, which stay.
  library: lines([sessionWords, sh`
targets_idle() { # unit
  iscsi_live | awk -F'\t' -v OFS='\t' '$6 != "" { print $6, $2, $1 }' | while IFS=$T read -r open tid iqn; do
    [ "$tid" = lio ] && [ ! -f ${TARGETS}/"$iqn.conf" ] || session_words "$iqn" "$open" "$tid" "$iqn"
  done >"$W/open"
  [ ! -s "$W/open" ] || { cat "$W/open" >&2; finish busy "$1"; }
}`]),
  probe: sh`
printf '%s\n' "$k" | while IFS= read -r u; do
  unit_state "$u"
  spec=- OWED=none
  [ -f "$M/units/$u" ] && IFS=$T read -r tag spec <"$M/units/$u" && owes "$u" && [ "$STALE" = yes ] && OWED=restart
  [ "$LOAD" = not-found ] && [ "$spec" = - ] && continue
  printf 'services\t%s\t%s\t%s\t%s\t%s\n' "$u" "$ACTIVE" "$ENABLED" "$spec" "$OWED"
done`,
  parse: ([active, enabled, spec, owed]) => ({ active: active!, enabled: enabled!, spec: spec!, owed: owed! }),
  digest: (want) => sha256(canonical(want)),
  diff(want, seen) {
    if (want === undefined) return seen && seen.spec !== "-" ? "no longer declared" : undefined;
    if (!seen) return "missing";
    if (seen.spec === "-") return "not looked after yet";
    if (seen.spec !== sha256(canonical(want))) return "its check or what it watches differs";
    if (seen.enabled !== "enabled" && seen.enabled !== "static") return `${seen.enabled} → enabled`;
    if (seen.active !== "active") return `${seen.active} → active`;
    if (seen.owed !== "none") return `${seen.owed} owed: what it watches changed since`;
    return undefined;
  },
  observed: (seen, want) => (seen.active === "active" && seen.owed === "none" && /^(enabled|static)$/.test(seen.enabled) ? want : undefined),
  script(todo) {
    const kept = todo.filter((t) => t.op !== "remove");
    const gone = todo.filter((t) => t.op === "remove");
    return {
      prepare: gone.filter((t) => t.key === ISCSI_UNIT).map((t) => sh`targets_idle ${t.key}`),
      stage: kept.length
        ? [
            sh`stage ${`${MEMORY}/units`} ahead`,
            ...kept.map(
              (t) => sh`{ printf '%s\t%s\n' spec ${sha256(canonical(t.want!))} order ${t.want!.order ?? 50} ${rows(t.want!)}; former ${t.key}; } >"$S"/${t.key} || torn ${t.key}`,
            ),
          ]
        : [],
      stop: gone.map((t) => sh`stop_unit ${t.key}`),
    };
  },
};

const rows = (want: ServiceSpec): string[] => [
  ...(want.check ? ["check", want.check] : []),
  ...want.restartOn.flatMap((path) => ["restart", path]),
  ...(want.reloadOn ?? []).flatMap((path) => ["reload", path]),
  ...(want.findsNew ? ["new", "found"] : []),
];
