import { lines, sh } from "../sh";
import type { Driver } from "./index";

/**
 * A clone needs the snapshot that it was made of, and that its dataset. So a snapshot goes by itself with its last clone, and a dataset that has clones is only put out of its
 * place; it is removed when they have gone. Sizes are rounded up to whole blocks of a ZFS volume; what was asked for is a property.
 */
const common = sh`
zfs_size() { zfs get -Hp -o value netboot:bytes "$(zfs_dataset "$1")"; }
zfs_dataset() { at=$(readlink -- "$1") && printf '%s\n' "\${at#/dev/zvol/}"; }
zfs_draw() { NAME=nb.$(od -An -N8 -tx1 /dev/urandom | tr -d ' \n'); }
# udev makes the link to a device when it comes to it.
zfs_link() { # dataset link
  for try in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do [ ! -e "/dev/zvol/$1" ] || break; udevadm settle -t 5; sleep 0.25; done
  [ -e "/dev/zvol/$1" ] || { printf '%s has no device\n' "$1" >&2; return 1; }
  ln -s -- "/dev/zvol/$1" "$2"
}
zfs_copy() { # FROM-DISK path link
  zfs_draw
  FROM=$(zfs_dataset "$1") && ASKED=$(zfs_size "$1") && zfs snapshot "$FROM@$NAME" || return 1
  zfs clone -o "netboot:bytes=$ASKED" -o "netboot:volume=$2" "$FROM@$NAME" "\${FROM%/*}/$NAME" && made=0 || made=1
  zfs destroy -d "$FROM@$NAME" && [ $made = 0 ] && zfs_link "\${FROM%/*}/$NAME" "$3"
}
# One that has clones stays, out of its place.
zfs_delete() {
  dataset=$(zfs_dataset "$1/disk.$2") || return 0
  rm -f -- "$1/disk.$2" && { zfs destroy -r "$dataset" 2>/dev/null || zfs list "$dataset" >/dev/null 2>&1; }
}`;

/** Volumes of ZFS. */
export const zfs: Driver = {
  name: "zfs",
  facts: sh`xargs -d '\n' sh -c 'find "$@" -mindepth 2 -maxdepth 2 -type l -regex ".*/disk\.[0-9]+" -lname "/dev/zvol/*" -printf "link\t%h\t%f\t%l\t%p\n"' sh 2>/dev/null | {
    links=$(cat)
    [ -z "$links" ] || { zfs list -Hp -t volume -o name,netboot:bytes,referenced 2>/dev/null | sed 's/^/zvol\t/'; printf '%s\n' "$links"; }
  } | awk -F'\t' -v OFS='\t' '
$1 == "zvol" && $3 != "-" { device = "/dev/zvol/" $2; bytes[device] = $3; used[device] = $4 }
$1 == "link" && ($4 in bytes) { sub(/^disk\./, "", $3); print "disk", $2, $3, bytes[$4], used[$4], $5 }'`,
  renew: lines([
    common,
    sh`
zfs_renew() {
  old=$(zfs_dataset "$1/disk.$2")
  rm -rf -- "$1/.fresh" && mkdir -- "$1/.fresh" && zfs_copy "$3" "$1" "$1/.fresh/disk.$2" &&
    mv -f -- "$1/.fresh/disk.$2" "$1/disk.$2" && sync "$1" && rmdir -- "$1/.fresh" && { [ -z "$old" ] || zfs destroy -r "$old"; }
}`,
  ]),
  library: lines([
    common,
    sh`
zfs_whole() { echo $((($1 + 131071) / 131072 * 131072)); } # bytes
zfs_create() {
  stage "$1" disk; rm -f "$S/disk.$2"
  pool=$(setting pool); zfs_draw
  zfs create -s -V "$(zfs_whole "$3")" -o "netboot:bytes=$3" -o "netboot:volume=$1" "$pool/$NAME" && zfs_link "$pool/$NAME" "$S/disk.$2" || fail
}
zfs_clone() {
  stage "$1" disk; rm -f "$S/disk.$2"
  zfs_copy "$3" "$1" "$S/disk.$2" || fail
}
zfs_grow() {
  dataset=$(zfs_dataset "$1")
  zfs set "volsize=$(zfs_whole "$2")" "$dataset" && zfs set "netboot:bytes=$2" "$dataset" || fail
}
# What a crash has left, and what had clones. One may have been waiting for another: as long as any goes, there may be more.
zfs_lost() {
  find "$1" -mindepth 2 -type l -name 'disk.*' -printf '%l\n' >"$W/linked"
  while :; do
    zfs list -Hp -t volume -o name,netboot:volume | awk -F'\t' -v store="$1/" -v linked="$W/linked" '
BEGIN { while ((getline line < linked) > 0) has[line] }
index($2, store) == 1 && !(("/dev/zvol/" $1) in has) { print $1 }' >"$W/lost"
    went=
    while read -r lost; do zfs destroy -r "$lost" 2>/dev/null && went=1; done <"$W/lost"
    [ -n "$went" ] || break
  done
}
zfs_full() {
  pool=$(setting pool)
  { zpool list -H -o capacity "\${pool%%/*}"; zfs get -Hp -o value used,available "$pool"; } | awk -v pool="$pool" 'NR == 1 { full = $1 + 0; next } { total += $1 } END { if (NR == 3) printf "%d %.0f pool %s\n", full, total, pool }'
}`,
  ]),
};
