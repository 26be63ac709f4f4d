import { lines, sh } from "../sh";
import type { Driver } from "./index";

/**
 * A copy is a volume of its own in the pool; its parent may change or go. Names are drawn, so that none can be another's or one that LVM keeps for itself; tags say what a logical
 * volume is for, and how large it was asked to be: LVM rounds up to whole extents. A copy is made with the flag off that would keep it from being activated at a start.
 */
const common = sh`
LVM_SUPPRESS_FD_WARNINGS=1; export LVM_SUPPRESS_FD_WARNINGS
lvm_thin_size() { lvs --noheadings -o lv_tags -- "$(readlink -- "$1")" | tr ', ' '\n\n' | sed -n 's/^netboot\.bytes=//p'; }
lvm_thin_draw() { LV=nb.$(od -An -N8 -tx1 /dev/urandom | tr -d ' \n'); }
lvm_thin_copy() { # FROM-DISK path link
  lvm_thin_draw
  FROM=$(readlink -- "$1") && ASKED=$(lvm_thin_size "$1") && [ -n "$ASKED" ] || return 1
  lvcreate -q -y -s -kn -n "$LV" --addtag netboot --addtag "netboot.bytes=$ASKED" --addtag "netboot.volume=$2" -- "$FROM" >&2 && ln -s -- "\${FROM%/*}/$LV" "$3"
}
lvm_thin_delete() {
  device=$(readlink -- "$1/disk.$2") || return 0
  rm -f -- "$1/disk.$2" && { [ ! -e "$device" ] || lvremove -q -f -y -- "$device" >&2; }
}`;

/** Thin volumes of LVM. */
export const lvmThin: Driver = {
  name: "lvm-thin",
  facts: sh`xargs -d '\n' sh -c 'find "$@" -mindepth 2 -maxdepth 2 -type l -regex ".*/disk\.[0-9]+" -lname "/dev/*" -printf "link\t%h\t%f\t%l\t%p\n"' sh 2>/dev/null | {
    links=$(cat)
    [ -z "$links" ] || { LVM_SUPPRESS_FD_WARNINGS=1 lvs --noheadings --units b --nosuffix --separator '	' -o vg_name,lv_name,lv_size,data_percent,lv_tags @netboot 2>/dev/null | sed 's/^ */lv\t/'; printf '%s\n' "$links"; }
  } | awk -F'\t' -v OFS='\t' '
$1 == "lv" { device = "/dev/" $2 "/" $3; n = split($6, tag, ","); for (i = 1; i <= n; i++) if (sub(/^netboot\.bytes=/, "", tag[i])) { bytes[device] = tag[i]; used[device] = $4 * $5 / 100 } }
$1 == "link" && ($4 in bytes) { sub(/^disk\./, "", $3); printf "disk\t%s\t%s\t%.0f\t%.0f\t%s\n", $2, $3, bytes[$4], used[$4], $5 }'`,
  renew: lines([
    common,
    sh`
lvm_thin_renew() {
  old=$(readlink -- "$1/disk.$2")
  rm -rf -- "$1/.fresh" && mkdir -- "$1/.fresh" && lvm_thin_copy "$3" "$1" "$1/.fresh/disk.$2" &&
    mv -f -- "$1/.fresh/disk.$2" "$1/disk.$2" && sync "$1" && rmdir -- "$1/.fresh" && { [ -z "$old" ] || lvremove -q -f -y -- "$old" >&2; }
}`,
  ]),
  library: lines([
    common,
    sh`
lvm_thin_create() {
  stage "$1" disk; rm -f "$S/disk.$2"
  pool=$(setting pool); lvm_thin_draw
  lvcreate -q -y --type thin -V "$3b" --thinpool "$pool" -n "$LV" --addtag netboot --addtag "netboot.bytes=$3" --addtag "netboot.volume=$1" >&2 && ln -s -- "/dev/\${pool%%/*}/$LV" "$S/disk.$2" || fail
}
lvm_thin_clone() {
  stage "$1" disk; rm -f "$S/disk.$2"
  lvm_thin_copy "$3" "$1" "$S/disk.$2" || fail
}
lvm_thin_grow() {
  device=$(readlink -- "$1") was=$(lvm_thin_size "$1")
  [ "$(blockdev --getsize64 "$device")" -ge "$2" ] || lvextend -q -y -L "$2b" -- "$device" >&2 || fail
  lvchange -q --deltag "netboot.bytes=$was" --addtag "netboot.bytes=$2" -- "$device" >&2 || fail
}
# What a crash has left between a logical volume and its name.
lvm_thin_lost() {
  find "$1" -mindepth 2 -type l -name 'disk.*' -printf '%l\n' >"$W/linked"
  lvs --noheadings --separator '	' -o vg_name,lv_name,lv_tags @netboot | sed 's/^ *//' | awk -F'\t' -v store="$1" -v linked="$W/linked" '
BEGIN { while ((getline line < linked) > 0) has[line] }
index("," $3 ",", ",netboot.volume=" store "/") && !(("/dev/" $1 "/" $2) in has) { print $1 "/" $2 }' | while read -r lost; do lvremove -q -f -y -- "$lost" >&2 </dev/null; done
}
lvm_thin_full() {
  pool=$(setting pool)
  lvs --noheadings --units b --nosuffix -o data_percent,metadata_percent,lv_size -- "$pool" | awk -v pool="$pool" '{ most = $1 + 0 > $2 + 0 ? $1 : $2; print int(most) + (most > int(most)), $3, "pool", pool }'
}`,
  ]),
};
