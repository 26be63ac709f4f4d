import { sessionWords } from "../iscsi";
import { define, lines, raw, sh, type Sh } from "../sh";
import { SITE } from "../state";
import { allDrivers, prefixOf } from "./index";

/** From how full on a run that makes volumes warns (`warn`), from how full on none is made (`refuse`), and what they are kept in, where the directory only names them (`pool`). */
export const SETTINGS = "/etc/netboot/volumes";

/** In a store from its first volume on, to tell it from the directory that it is mounted on. */
const MARK = ".netboot-store";

/**
 * How volumes come and go. A volume's directory holds its disks by generation, and its lineage: which of them counts, and what it came from. The lineage is placed after the
 * disk and removed before it, so that what it names is whole at every moment; a disk that it does not name is nobody's.
 */
export const volumeLibrary: Sh = lines([
  ...allDrivers.map(({ library }) => library),
  sessionWords,
  // Of a volume whose lineage went before a crash nobody knows any more who keeps it.
  sh`any_delete() { rm -f -- "$1/disk.$2"; }`,
  define("any_lost", allDrivers.map(({ name }) => sh`${raw(prefixOf(name))}_lost "$1"`)),
  sh`
# What is done for each of a thousand copies starts no process that it can do without.
lineage() { VALUE=; while read -r word value; do [ "$word" != "$2" ] || VALUE=$value; done 2>/dev/null <"$1/lineage"; } # path key; sets VALUE
refuse() { # path words; of a volume that was not there nothing stays
  [ -e "$1/lineage" ] || { rm -rf -- "$1/.netboot-stage" && rmdir -- "$1"; } 2>/dev/null
  volume_recorded "\${1%/*}" || rm -f -- "\${1%/*}/${MARK}"
  printf '%s\n' "$2" >&2; finish volume "$1"
}
# Who could not write it has said why.
unwritten() { # driver path
  pooled=; volume_pool "$1" "$2"
  refuse "$2" "it could not be written, and nothing of it stays; its $what $which is $full % full: where that is why, make room there"
}
# Who has a session on one of its disks, in words.
volume_open() { # path
  iscsi_live | awk -F'\t' -v OFS='\t' -v at="=$1/" '{ n = split($3, on, ","); for (i = 1; i <= n; i++) if ($6 != "" && index(on[i], at)) { print $6, $2, $1; next } }' |
    while IFS=$T read -r who tid iqn; do session_words it "$who" "$tid" "$iqn"; done
}
volume_idle() { # path
  open=$(volume_open "$1")
  [ -z "$open" ] || refuse "$1" "it is open: $open"
}
volume_children() { # path; names
  find "\${1%/*}" -mindepth 2 -maxdepth 2 -name lineage -exec awk -v path="$1" '$1 == "from" && $2 == "volume" && $3 == path { n = split(FILENAME, at, "/"); print at[n - 1] }' {} + | sort
}
volume_free() { # path name-that-goes-too...
  volume_idle "$1"
  path=$1; shift
  # A copy that is kept and nobody's any more is whole by itself.
  children=$(volume_children "$path" | while read -r child; do
    case " $* " in *" $child "*) ;; *) grep -qsF "volumes\${T}\${path%/*}/$child\${T}" "$M"/owners/* && printf '%s ' "$child" ;; esac
  done)
  [ -z "$children" ] || refuse "$path" "it has children: \${children% }"
}
# One that was kept is nobody's, and may not have been asked about: it is not made anew, but looked at.
volume_new() { for path; do [ ! -e "$path/lineage" ] || finish stale content; done; } # path...
volume_recorded() { cat "$M"/owners/* 2>/dev/null | awk -F'\t' -v store="$1/" '$1 == "volumes" && index($2, store) == 1 && substr($2, length(store) + 1) !~ /\// { found = 1 } END { exit !found }'; } # store
# A file system that is not mounted leaves a directory that volumes were made in and that has none: nothing is made anew there. One whose volumes were removed by hand has its mark.
volume_store() { # path
  store=\${1%/*}
  [ ! -e "$store/${MARK}" ] || return 0
  [ -n "$(find "$store" -mindepth 2 -maxdepth 2 -name lineage 2>/dev/null | head -n 1)" ] || ! volume_recorded "$store" ||
    refuse "$1" "its store $store has neither the volumes that were made there nor the file ${MARK}: is its file system mounted? Mount it; or, to have all of them made anew: mkdir -p $store && touch $store/${MARK}"
  ensure_dir "$store" && : >"$store/${MARK}" || fail
}
setting() { while read -r word value; do if [ "$word" = "$1" ]; then printf '%s\n' "$value"; fi; done 2>/dev/null <${SETTINGS}; }
# What they are kept in; sets full (percent), total (bytes), what and which. Asked once, and again when something large has been written.
volume_pool() { # driver path
  [ "\${pooled-}" != "\${2%/*}" ] || return 0
  "$1"_full "\${2%/*}" >"$W/full" && read -r full total what which <"$W/full" || refuse "$2" "nobody can say how full that is which it is to be kept in"
  pooled=\${2%/*} roomy=
}
# A store that fills up unseen takes all its disks with it.
volume_room() { # driver path
  volume_pool "$1" "$2"
  [ -z "$roomy" ] || return 0
  most=$(setting refuse) warn=$(setting warn)
  [ "$full" -lt "\${most:-101}" ] || refuse "$2" "its $what is $full % full, and from $most % on no volume is made: make room, or raise refusePercent"
  [ "$full" -lt "\${warn:-101}" ] || [ -f "$W/warned" ] || { : >"$W/warned"; say "note\${T}the $what $which is $full % full"; }
  roomy=1
}
# Many may promise more together than there is; one alone that does can never hold it.
volume_fits() { # driver path bytes
  volume_pool "$1" "$2"
  [ "$3" -le "$total" ] || refuse "$2" "it is to have $3 bytes, and its $what $which has $total in all: write a smaller size, or make that larger"
}
disk_generations() { # path; sets GENERATIONS
  GENERATIONS=
  for disk in "$1"/disk.*; do case \${disk##*/disk.} in *[!0-9]*) ;; *) GENERATIONS="$GENERATIONS \${disk##*/disk.}" ;; esac; done
}
volume_make() { # driver path generation bytes history image|volume|copy|empty source at
  driver=$1 path=$2 generation=$3 bytes=$4 history=$5 from=$6; shift 5
  progress "volume \${path##*/}, generation $generation"
  volume_store "$path"
  umask 077; ensure_dir "$path" || fail; umask 022
  volume_room "$driver" "$path"
  [ -z "$bytes" ] || volume_fits "$driver" "$path" "$bytes"
  case $1 in
    empty) "$driver"_create "$path" "$generation" "$bytes" ;;
    image) from="image $2"; image_bytes "$2"; volume_fits "$driver" "$path" "$BYTES"; "$driver"_create "$path" "$generation" "$BYTES"; image_into "$2" "$S/disk.$generation" || unwritten "$driver" "$path"; pooled= ;;
    volume | copy)
      lineage "$2" generation; now=$VALUE parent=\${3:-$VALUE}
      [ -n "$now" ] || refuse "$path" "$2, which it is to be a copy of, is not there"
      disk_generations "$2"
      case "$GENERATIONS " in *" $parent "*) ;; *) refuse "$path" "$2, which it is to be a copy of, is of generation $now and keeps no generation $parent" ;; esac
      # Volumes are open to nobody; machines' copies of them are.
      [ "$1" = volume ] || open=$(volume_open "$2")
      [ -z "\${open-}" ] || refuse "$path" "$2, which it is to be a copy of, is open: $open"
      from="$1 $2 $parent"; "$driver"_clone "$path" "$generation" "$2/disk.$parent" ;;
  esac
  if [ -n "$bytes" ]; then
    at=$path/.netboot-stage/disk/disk.$generation have=$("$driver"_size "$at") && [ -n "$have" ] || fail
    [ "$bytes" -ge "$have" ] || refuse "$path" "it is to have $bytes bytes, and what it comes from has $have"
    [ "$bytes" = "$have" ] || "$driver"_grow "$at" "$bytes"
  fi
  case $driver in lvm_thin) said=lvm-thin ;; *) said=$driver ;; esac
  stage "$path" lineage
  { printf 'netboot-volume 1\ndriver %s\ngeneration %s\nfrom %s\n' "$said" "$generation" "$from" && said_history "$history"; } >"$S/lineage" || torn "$path/lineage"
}
said_history() { [ "$1" = 0 ] || printf 'history %s\n' "$1"; }
volume_history() { # path history
  stage "$1" lineage
  { grep -v '^history ' "$1/lineage" && said_history "$2"; } >"$S/lineage" || torn "$1/lineage"
}
volume_place() { # driver path generation
  [ "$1" = reflink ] || sync "$2/.netboot-stage/disk/disk.$3" || fail
  mv -fT -- "$2/.netboot-stage/disk/disk.$3" "$2/disk.$3" && mv -f -- "$2/.netboot-stage/lineage/lineage" "$2/lineage" || fail
}
# Disks that the lineage does not name or keep, once nothing offers them any more.
volume_sweep() { # driver path
  lineage "$2" generation; now=$VALUE
  lineage "$2" history; least=$((\${now:-0} - \${VALUE:-0}))
  disk_generations "$2"
  for old in $GENERATIONS; do
    { [ "$old" -le "\${now:-0}" ] && [ "$old" -ge "$least" ]; } || iscsi_live | cut -f 3 | tr , '\n' | cut -d = -f 2- | grep -qxF "$2/disk.$old" || "$1"_delete "$2" "$old" || fail
  done
  volume_lost "$1" "$2"
}
volume_lost() { [ -f "$W/swept.$1" ] || { : >"$W/swept.$1"; "$1"_lost "\${2%/*}"; }; } # driver path
volume_remove() { # driver path
  progress "removing volume \${2##*/}"
  rm -rf -- "$2/lineage" "$2/.fresh" || fail
  volume_sweep "$1" "$2"
  rmdir -- "$2" 2>/dev/null
  [ -n "$(find "\${2%/*}" -mindepth 1 -maxdepth 1 ! -name ${MARK} | head -n 1)" ] || rm -f -- "\${2%/*}/${MARK}"
}`,
  sh`
# An image's parts, as docs/cloning-protocol.md describes them.
I=${`${SITE}/http/images`} CHUNKS=${`${SITE}/http/chunks`}
image_bytes() { # digest; sets BYTES
  BYTES=$(sed -n 's/^size //p' "$I/$1/index" 2>/dev/null)
  [ -n "$BYTES" ] || refuse "$path" "its image $1 is not on the master"
}
image_into() { # digest file; what was read is checked by SHA-256, what was written by XXH128
  grep '^part ' "$I/$1/index" >"$W/parts"
  count=$(wc -l <"$W/parts")
  while read -r _ n at length sum hash _; do
    progress "volume \${path##*/}: part $((n + 1)) of $count"
    if [ "$sum" != zero ]; then
      sed "s|^\(..\).*|$CHUNKS/\1/&.zst|" "$I/$1/part.$n" >"$W/chunks"
      [ "$(xargs cat -- <"$W/chunks" | sha256sum | cut -c1-64)" = "$sum" ] || refuse "$path" "part $n of its image $1 is not what it was: refresh the DiskImage"
      xargs cat -- <"$W/chunks" | zstd -dqc | dd of="$2" bs=65536 seek=$((at / 65536)) iflag=fullblock conv=sparse,notrunc status=none || return 1
    fi
    [ "$(dd if="$2" bs=65536 skip=$((at / 65536)) count=$(((length + 65535) / 65536)) status=none | xxhsum -H2 | cut -c1-32)" = "$hash" ] || refuse "$path" "part $n was not written as it is in its image $1"
  done <"$W/parts"
}`,
]);
