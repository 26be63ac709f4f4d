import { lines, sh } from "../sh";
import type { Driver } from "./index";

const common = sh`reflink_delete() { rm -f -- "$1/disk.$2"; }`;

/** Sparse files on a file system that shares blocks between copies: XFS (reflink=1) or btrfs. A copy is whole by itself; its parent may change or go. */
export const reflink: Driver = {
  name: "reflink",
  facts: sh`xargs -d '\n' sh -c 'find "$@" -mindepth 2 -maxdepth 2 -type f -regex ".*/disk\.[0-9]+" -printf "disk\t%h\t%f\t%s\t%b\t%p\n"' sh 2>/dev/null |
  awk -F'\t' -v OFS='\t' '{ sub(/^disk\./, "", $3); $5 *= 512; print }'`,
  renew: lines([
    common,
    sh`
reflink_renew() {
  rm -rf -- "$1/.fresh" && mkdir -- "$1/.fresh" && ( umask 077; cp --reflink=always -- "$3" "$1/.fresh/disk.$2" ) &&
    sync "$1/.fresh/disk.$2" && mv -f -- "$1/.fresh/disk.$2" "$1/disk.$2" && sync "$1" && rmdir -- "$1/.fresh"
}`,
  ]),
  library: lines([
    common,
    sh`
reflink_create() { stage "$1" disk; rm -f "$S/disk.$2" && ( umask 077; truncate -s "$3" "$S/disk.$2" ) || fail; }
reflink_clone() {
  stage "$1" disk; [ ! -e "$S/disk.$2" ] || rm -f "$S/disk.$2"
  ( umask 077; cp --reflink=always -- "$3" "$S/disk.$2" ) || fail
}
reflink_size() { stat -L -c %s -- "$1"; }
reflink_grow() { truncate -s "$2" "$1" && sync "$1" || fail; }
reflink_lost() { :; }
reflink_full() { df -P -B 1 -- "$1" | awk -v store="$1" 'NR == 2 { sub(/%/, "", $5); print $5, $2, "store", store }'; }`,
  ]),
};
