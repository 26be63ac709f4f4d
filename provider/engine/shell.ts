import { iscsiLive } from "./iscsi";
import { kinds } from "./kinds";
import { define, lines, sh, type Sh } from "./sh";
import { LIVE, MEMORY } from "./state";

/**
 * What the probe and the apply script have in common, in POSIX sh and the tools that every Debian has. A script is sent as definitions and one call at
 * the very end: text that was cut on its way defines something or is a syntax error, but does nothing.
 */
export const common: Sh = lines([
  sh`LC_ALL=C; export LC_ALL; PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin; export PATH; umask 022
M=${MEMORY} W=${MEMORY}/work V=/run/netboot-up L=${LIVE} N=${LIVE.slice(0, LIVE.lastIndexOf("/"))} T=$(printf '\t')`,
  iscsiLive,
  ...kinds.map((kind) => define(`probe_${kind.name}`, [kind.probe])),
  sh`
# Each file that a unit parses at start, or reads again on reload, by size and time of change: a text is never written in place, and a thousand are asked in one call.
watched() { # unit restart|reload
  unit=$1 what=$2; shift 2
  while IFS=$T read -r tag value; do [ "$tag" = $what ] && set -- "$@" "$value"; done <"$M/units/$unit"
  [ $what = reload ] || set -- "$@" "/etc/systemd/system/$unit"
  [ $# = 0 ] || find -L "$@" -name .netboot-stage -prune -o -type f -printf '%p\t%s\t%T@\n' 2>/dev/null | sort
}
stamped() { [ ! -f "$M/stamps/$1" ] || cat "$M/stamps/$1"; } # unit.restart|reload
owes() { # unit; sets OWED, and RESTART and RELOAD to the stamps of what is there now
  if [ -f "$W/$1.restart" ]; then RESTART=$(cat "$W/$1.restart") RELOAD=$(cat "$W/$1.reload"); else RESTART=$(watched "$1" restart) RELOAD=$(watched "$1" reload); fi
  OWED=none was=$(stamped "$1.reload")
  if [ ! -f "$M/stamps/$1.reload" ]; then OWED=reload
  elif [ "$was" != "$RELOAD" ]; then
    OWED=reload
    # Only new files, and the daemon finds those by itself.
    grep -q "^new$T" "$M/units/$1" && printf '%s\n=\n%s\n' "$RELOAD" "$was" |
      awk '$0 == "=" { old = 1; next } !old { now[$0]; next } $0 && !($0 in now) { gone = 1; exit } END { exit gone }' && OWED=stamp
  fi
  [ -f "$M/stamps/$1.restart" ] && [ "$(stamped "$1.restart")" = "$RESTART" ] || OWED=restart
}
# What systemd says of a unit; sets LOAD ACTIVE ENABLED STALE.
unit_state() {
  LOAD= ACTIVE=unknown ENABLED=none STALE=no
  state=$(systemctl show -p LoadState,ActiveState,UnitFileState,NeedDaemonReload -- "$1" 2>/dev/null)
  while IFS='=' read -r name value; do
    case $name in LoadState) LOAD=$value ;; ActiveState) ACTIVE=$value ;; UnitFileState) ENABLED=\${value:-none} ;; NeedDaemonReload) STALE=$value ;; esac
  done <<END
$state
END
}
# Installed versions, one a line.
versions() { [ $# = 0 ] || dpkg-query -W -f '\${Package}\t\${db:Status-Status}\t\${Version}\n' "$@" 2>/dev/null | awk -F'\t' '$2 == "installed" { print $1, $3 }' | sort -u; }
# All that is in a directory but its stamp, by name, size and time: a digest that any later touch changes.
contents() { ( cd -- "$1" && find . -type d -printf '%P\t%m\n' -o ! -path ./.recipe -printf '%P\t%y\t%m\t%s\t%T@\t%l\n' ) | sort | sha256sum | cut -c1-64; }
# What the engine remembers besides owners.
memory() {
  [ -d "$M" ] || return 0
  echo memory
  serial=0; [ -f "$M/serial" ] && read -r serial <"$M/serial"
  printf 'serial\t%s\n' "$serial"
  set --
  for f in "$M/installed" "$M/created" "$M"/units/*; do [ ! -f "$f" ] || set -- "$@" "$f"; done
  [ $# = 0 ] || awk -v OFS='\t' '{ n = split(FILENAME, path, "/"); if (path[n - 1] == "units") print "unit", path[n], $0; else print path[n], $0 }' "$@"
}
# Waits for whoever holds the lock and says who it is; a dead holder holds nothing. The lock file may have gone with the memory while we waited.
take_lock() { # -x|-s patience-in-seconds
  waited=0
  while :; do
    if [ "$1" = -x ]; then
      [ -d "$M" ] || mkdir -p "$M" || return 1
      exec 9>>"$M/lock"
    else
      [ -f "$M/lock" ] || return 0
      { exec 9<"$M/lock"; } 2>/dev/null
    fi
    flock -n "$1" 9 || {
      while :; do
        printf 'waiting for the lock, held by %s\n' "$(cat "$M/lock" 2>/dev/null)" >&2
        flock -w 10 "$1" 9 && break
        waited=$((waited + 10)); [ $waited -lt $2 ] || return 1
      done
    }
    [ "$M/lock" -ef /proc/$$/fd/9 ] && return 0
    [ "$1" = -x ] || [ -f "$M/lock" ] || return 0
  done
}`,
]);
