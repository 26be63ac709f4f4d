import { define, lines, sh, type Sh } from "./sh";

/**
 * The parts of the apply script that know nothing of what is applied. They report in lines of `tag TAB value`, gathered on the host and printed at the end, so that
 * a lost connection stops nothing half-way: the script goes on to its end by itself, and the next run waits for its lock.
 */
export const library: Sh = lines([
  sh`
say() { printf '%s\n' "$1" >&3; }
progress() { printf '%s\n' "$1" >&4; } 2>/dev/null
# A shell's own printf does not say why it could not write.
room() { # path; sets FREE to the KiB that its file system has, and SAID to what is to be said of that
  set -- $(df -Pk -- "$1" | awk 'NR == 2 { print $4, $6 }')
  FREE=\${1:-0} SAID="failed ($FREE KiB free in \${2-})"
  [ "$FREE" -gt 64 ] || SAID="No space left on device ($FREE KiB free in \${2-})"
}
fail() {
  room "$M"
  [ "$FREE" -gt 64 ] || printf '%s\n' "$SAID" >&2
  finish failed "$STEP"
}
torn() { # path
  room "\${S:-$M}"
  printf 'cannot write %s: %s\n' "$1" "$SAID" >&2
  finish failed "$STEP"
}
fenced() { read -r now <"$M/serial" && [ "$now" = "$SERIAL" ] || finish stale "serial"; }

# A link in a directory that we made is not ours, and what is written or removed behind it would be somebody else's.
straight() { # directory...
  for dir; do [ ! -L "$dir" ] || { printf 'it leads to %s\n' "$(readlink -- "$dir")" >&2; finish foreign "$dir"; }; done
}
# Every file is written beside its place, in a folder that only root can enter, on the same file system.
stage() { # folder place; sets S
  S=$1/.netboot-stage/$2
  [ -d "$S" ] && return
  ensure_dir "$1" || fail
  printf '%s\n' "$1" >>"$M/staging"
  ( umask 077; mkdir -p "$S" ) || fail
}
place() { find "$1/.netboot-stage/$2" -mindepth 1 -maxdepth 1 -exec mv -f -t "$1" -- {} + || fail; }
keep() { # folder name...
  stage "$1" old
  ( cd "$1" && shift && printf './%s\0' "$@" | xargs -0 ln -f -t .netboot-stage/old -- ) || fail
}
restore() { [ ! -d "$1/.netboot-stage/old" ] || place "$1" old; }
unstage() {
  [ -f "$M/staging" ] || return 0
  # What an artifact's script made elsewhere goes before the directory that knows of it.
  [ ! -f "$M/building" ] || sort -u "$M/building" | while IFS= read -r dir; do
    for at in "$dir"/.netboot-stage/artifacts/* "$dir"/.netboot-stage/gone/*; do
      [ ! -f "$at/.remove" ] || ( cd "$at" && sh ./.remove ) </dev/null 3>&- 4>&- >&2 || say "note\${T}$at left something behind: $(tail -n 1 "$V/words")"
    done
  done && rm -f "$M/building"
  sed 's|$|/.netboot-stage|' "$M/staging" | xargs -d '\n' rm -rf -- && rm -f "$M/staging"
}
# What we make, parents too, is written down before it is made.
ensure_dir() {
  [ -d "$1" ] && return 0
  [ -z "\${1%/*}" ] || ensure_dir "\${1%/*}" || return 1
  printf '%s\n' "$1" >>"$M/created"
  mkdir -- "$1"
}
prune() { # directory..., deepest first
  printf '%s\0' "$@" | xargs -0 rmdir -- 2>/dev/null
  while IFS= read -r dir; do [ -d "$dir" ] && printf '%s\n' "$dir"; done <"$M/created" >"$W/created"
  mv -f "$W/created" "$M/created"
}
# One call a file system: a thousand files cost as much as one. What is staged is on all file systems that a commit writes to.
flush() {
  [ -f "$W/disks" ] || { sort -u "$M/staging"; printf '%s\n' "$M"; [ ! -d "$N" ] || printf '%s\n' "$N"; } | xargs -d '\n' stat -c '%d %n' -- |
    sort -u -k1,1n | cut -d' ' -f2- >"$W/disks"
  xargs -d '\n' sync -f -- <"$W/disks" || fail
}
# Names in one file system become durable in the order in which they were given; between two only a flush orders them.
order() { { read -r _ && ! read -r _; } <"$W/disks" || flush; }
uploaded() { # upload sha256 path
  [ -f "$1" ] || { printf 'the upload of %s is gone\n' "$3" >&2; finish stale upload; }
  progress "verifying what $3 is made of"
  sum=$(sha256sum <"$1")
  [ "\${sum%% *}" = "$2" ] || { rm -f -- "$1"; finish digest "$3"; }
  printf '%s\0' "$1" >>"$W/used"
}
listed() { # directory path; each block is checked by whoever reads it
  [ -f "$1/list" ] || { printf 'the upload of %s is gone\n' "$2" >&2; finish stale upload; }
  printf '%s\0' "$1" >>"$W/used"
}
blob() { # upload staged sha256 mtime path
  [ -f "$2" ] && return 0
  [ -f "$1" ] || { printf 'the upload of %s is gone\n' "$5" >&2; finish stale upload; }
  progress "verifying $5"
  ln -- "$1" "$2" 2>/dev/null || cp -- "$1" "$2" || fail
  sum=$(sha256sum <"$2")
  [ "\${sum%% *}" = "$3" ] || { rm -f -- "$1"; finish digest "$5"; }
  chown 0:0 "$2" && chmod 0644 "$2" && touch -d "@$4" "$2" || fail
  printf '%s\0' "$1" >>"$W/used"
}
# An artifact is built beside its place. Its progress goes through a reader that outlives the connection; the lock goes with the build, so that nobody clears away under its hands.
build() { # path recipe script package...
  path=$1 recipe=$2; printf %s "$3" >"$W/build" || torn "$W/build"; shift 3
  OUT=$S/\${path##*/} IN=$M/incoming; export OUT IN
  rm -f -- "$W/built" && mkdir -- "$OUT" || fail
  progress "building $path"; : >"$V/words"
  ( exec 3>&- 9>&-; while sleep 60 4>&- && kill -0 $$; do progress "still building $path"; done ) >/dev/null 2>&1 &
  beat=$!
  { ( cd "$OUT" && exec sh "$W/build" ) 4>&1 >>"$V/words" 2>&1 3>&-; echo $? >"$W/built"; } | while IFS= read -r line; do progress "$line"; done
  kill -9 $beat
  case $(cat "$W/built") in
    0) ;;
    75) finish stale upload ;;
    *) printf 'exit status %s\n' "$(cat "$W/built")" >>"$V/words"; finish artifact "$path" ;;
  esac
  : >"$V/words"
  { printf 'recipe %s\nwhole %s\n' "$recipe" "$(contents "$OUT")"; versions "$@" | sed 's/^/package /'; } >"$OUT/.recipe" || torn "$path/.recipe"
}
displace() { # path; out of its place, to be removed
  [ -e "$1" ] || [ -L "$1" ] || return 0
  stage "\${1%/*}" gone
  printf '%s\n' "\${1%/*}" >>"$M/building"
  mv -T -- "$1" "$S/\${1##*/}" || fail
}
in_use() { [ -f "$1/.busy" ] && ( cd "$1" && sh ./.busy ) </dev/null 3>&- 4>&- >/dev/null; }
# An artifact that nobody declares any more; one in use is remembered, and goes with a later commit.
leave() { # path
  in_use "$1" || { displace "$1"; return; }
  progress "$1 is in use, and stays until it is not"
  printf '%s\n' "$1" >>"$M/kept" || torn "$M/kept"
}
leave_kept() {
  [ -f "$M/kept" ] || return 0
  sort -u "$M/kept" >"$W/was" && : >"$W/kept" || fail
  while IFS= read -r at; do
    [ -d "$at" ] || continue
    if grep -qsF "artifacts$T$at$T" "$M"/owners/* || in_use "$at"; then printf '%s\n' "$at" >>"$W/kept"; else displace "$at"; fi
  done <"$W/was"
  if [ -s "$W/kept" ]; then mv -f "$W/kept" "$M/kept" || fail; else rm -f "$M/kept"; fi
}`,
  sh`
# The set that daemons parse is built beside the one in service, out of its files, and switched by one rename.
live_begin() {
  [ -L "$L" ] || [ ! -e "$L" ] || { printf '%s is there and is not ours; move it away\n' "$L" >&2; fail; }
  G=$N/gen.$SERIAL OLD=$(readlink "$L")
  ensure_dir "$N" && if [ -d "$L/" ]; then cp -al -- "$L/." "$G"; else mkdir "$G"; fi && chmod 700 "$G" || fail
}
validate() { # unit-that-goes...
  for file in "$M"/units/* "$M"/units/.netboot-stage/ahead/*; do
    unit=\${file##*/}
    [ -f "$file" ] || continue
    [ "$file" = "$M/units/$unit" ] && [ -f "$M/units/.netboot-stage/ahead/$unit" ] && continue
    case " $* " in *" $unit "*) continue ;; esac
    check=$(sed -n "s/^check$T//p" "$file")
    [ -n "$check" ] || continue
    LIVE=$G sh -c "$check" >"$W/check" 2>&1 </dev/null && continue
    sed "s|$G|$L|g" "$W/check" >"$V/words"
    rm -rf -- "$G"
    finish refused "$unit"
  done
}
live_switch() { # target, or nothing
  if [ -n "$1" ]; then ln -sfn -- "$1" "$N/.live.new" && mv -fT -- "$N/.live.new" "$L"; else rm -f -- "$L"; fi || fail
}
generations() { # only the one in service stays
  [ ! -L "$N/.live.new" ] || rm -f -- "$N/.live.new"
  for g in "$N"/gen.*; do [ "$g" -ef "$L" ] || rm -rf -- "$g"; done
}`,
  sh`
# What a unit was before us, to leave it so.
former() {
  if [ -f "$M/units/$1" ]; then sed -n "/^former$T/p" "$M/units/$1"
  else printf 'former\t%s %s\n' "$(systemctl is-enabled -- "$1" 2>/dev/null)" "$(systemctl is-active -- "$1" 2>/dev/null)"; : >"$W/new.$1"; fi
}
stop_unit() {
  case $(sed -n "s/^former$T//p" "$M/units/$1" 2>/dev/null) in
    'enabled active') ;;
    enabled*) systemctl stop -- "$1" ;;
    *' active') systemctl disable -- "$1" ;;
    *) systemctl disable --now -- "$1" ;;
  esac </dev/null >&2
  systemctl reset-failed -- "$1" 2>/dev/null
  rm -f -- "$M/units/$1" "$M/stamps/$1.restart" "$M/stamps/$1.reload"
}
stamp() { ln -f -- "$W/$1.restart" "$W/$1.reload" "$M/stamps" || fail; } # unit: it runs with what was there when this was asked
# Starts, restarts or reloads each unit that owes it, once, in order; proves that it stays up; else puts back what was.
settle() { # seconds-to-watch-after-a-start and-after-a-reload unit-files-changed unit...
  watch=$1 again=$2 files=$3 acted= bad= dying=; shift 3
  [ $files = 0 ] || systemctl daemon-reload
  for unit; do
    owes "$unit"
    printf '%s\n' "$RESTART" >"$W/$unit.restart" && printf '%s\n' "$RELOAD" >"$W/$unit.reload" || fail
    unit_state "$unit"
    [ "$STALE" = no ] || { systemctl daemon-reload; unit_state "$unit"; }
    case $ENABLED in enabled | static) ;; *) systemctl enable --quiet -- "$unit" >&2 ;; esac
    case $ACTIVE,$OWED in
      active,none) continue ;;
      active,stamp) stamp "$unit"; continue ;;
      active,reload) verb=reload ;;
      active,restart) verb=restart dying=1 ;;
      *) verb=restart dying=1; systemctl reset-failed -- "$unit" 2>/dev/null ;;
    esac
    progress "$verb $unit"
    acted="$acted $unit"
    systemctl $verb -- "$unit" </dev/null >&2 && say "$verb$T$unit" || bad="$bad $unit"
  done
  [ -n "$acted" ] || return 0
  # What dies of its configuration dies within moments of its start; what reads something again, sooner.
  if [ -z "$bad" ]; then if [ -n "$dying" ]; then sleep "$watch"; else sleep "$again"; fi; fi
  for unit in $acted; do [ "$(systemctl is-active -- "$unit")" = active ] || case " $bad " in *" $unit "*) ;; *) bad="$bad $unit" ;; esac; done
  [ -z "$bad" ] || rollback
  for unit in $acted; do stamp "$unit"; done
}
rollback() {
  for unit in $bad; do
    printf '%s is %s\n' "$unit" "$(systemctl is-active -- "$unit")"
    run=$(systemctl show -p InvocationID -- "$unit"); run=\${run#*=}
    journalctl _SYSTEMD_INVOCATION_ID="$run" + INVOCATION_ID="$run" -n 20 -o cat --no-pager 2>/dev/null
  done >>"$V/words"
  rm -f "$W"/*.restart "$W"/*.reload
  for unit in $acted; do [ ! -f "$W/new.$unit" ] || stop_unit "$unit"; done
  undo
  [ -z "\${SWITCHED-}" ] || live_switch "$OLD"
  systemctl daemon-reload
  for unit in $acted; do
    [ ! -f "$W/new.$unit" ] || continue
    systemctl reset-failed -- "$unit" 2>/dev/null
    systemctl restart -- "$unit" </dev/null >&2 && say "restart$T$unit"
    [ "$(systemctl is-active -- "$unit")" = active ] || printf '%s is not healthy with the previous files either\n' "$unit" >&2
  done
  finish unhealthy "\${bad# }"
}`,
]);
