# Makes the files that wimboot is given. Before this stand NAME, INDEX, FROM: files (BCD, SDI and WIM), iso (SHA) or master (SHA, WHERE); and additions, which puts
# what is ADDED into place.
umask 022
WORK=$OUT/.work LC_ALL=C WIMLIB_IMAGEX_IGNORE_CASE=1
export LC_ALL WIMLIB_IMAGEX_IGNORE_CASE
fail() { printf '%s\n' "$*" >&2; exit 1; }
tell() { printf 'Windows PE %s: %s\n' "$NAME" "$*" >&4; }
mib() { echo $(($(stat -L -c %s "$1") / 1048576)); }
mkdir "$WORK" || exit 1

# 1. The three files. Installation media are UDF beneath an ISO 9660 with a readme in it: 7-Zip knows both, and has to be told which one.
taken() { # what was looked for, or nothing
  for part in boot/bcd boot/boot.sdi sources/boot.wim; do
    found=$(find "$WORK/iso" -ipath "$WORK/iso/$part" -type f 2>/dev/null | head -n 1)
    [ -n "$found" ] || { missing=$part; return 1; }
    case $part in boot/bcd) to=BCD ;; *) to=${part##*/} ;; esac
    mv -- "$found" "$OUT/$to" || exit 1
  done
}
unpack() { # iso words
  SEVEN=$(command -v 7zz || command -v 7z) || fail 'the package 7zip brings neither 7zz nor 7z'
  tell "taking its files out of $2"
  opened=
  for format in udf iso; do
    "$SEVEN" x -y -bd -ssc- "-t$format" -o"$WORK/iso" -- "$1" boot/bcd boot/boot.sdi sources/boot.wim >"$WORK/words" 2>&1 || continue
    opened=yes
    taken && return
  done
  [ -n "$opened" ] || fail "$2 cannot be unpacked: $(grep -i 'error\|open the file' "$WORK/words" | head -n 2 | tr '\n' ' ')"
  fail "$2 has no file $missing: it is no medium of Windows PE or of Windows"
}
case $FROM in
  files) cp --reflink=auto -- "$IN/$BCD" BCD && cp --reflink=auto -- "$IN/$SDI" boot.sdi && cp --reflink=auto -- "$IN/$WIM" boot.wim || exit 1 ;;
  iso) unpack "$IN/$SHA" 'the ISO image' ;;
  master)
    [ -f "$WHERE" ] || fail "there is no file $WHERE on the master"
    tell "checking the digest of $WHERE"
    sum=$(sha256sum <"$WHERE") || fail "cannot read $WHERE"
    [ "${sum%% *}" = "$SHA" ] || fail "$WHERE has the SHA-256 ${sum%% *} and not $SHA"
    unpack "$WHERE" "$WHERE" ;;
esac
chmod 644 BCD boot.sdi boot.wim

# 2. What boot.wim is: what no header says is whether its tables can be read, and whether there is a boot manager in it for wimboot.
wiminfo boot.wim >"$WORK/info" 2>"$WORK/words" || fail "boot.wim cannot be read: $(grep -i error "$WORK/words" | head -n 2 | tr '\n' ' ')"
value() { sed -n "s/^$1: *//p" "$2" | head -n 1; }
count=$(value 'Image Count' "$WORK/info") boot=$(value 'Boot Index' "$WORK/info")
names=$(sed -n 's/^Name: *//p' "$WORK/info" | awk '{ printf "%s%d: %s", (NR > 1 ? ", " : ""), NR, $0 }')
held="boot.wim holds $count image(s) ($names)"
at=${INDEX:-$boot}
[ "$at" -ge 1 ] 2>/dev/null || fail "no image is bootable by the header, and $held: set index of the WinPeImage"
[ "$at" -le "$count" ] || fail "index is $at, and $held"
wiminfo boot.wim "$at" >"$WORK/image" || exit 1
machine=$(value Architecture "$WORK/image")
case $machine in x86 | x86_64 | ARM64) ;; *) fail "image $at is for the processor \"${machine:-unknown}\", and $held: it is no Windows PE for x86, x86_64 or ARM64" ;; esac
wimdir boot.wim "$at" --path=/Windows/Boot >"$WORK/tree" 2>/dev/null || : # without it there is no such path, which the next line says
grep -qi '/Boot/PXE/bootmgr\.exe$\|/Boot/EFI/bootmgfw\.efi$' "$WORK/tree" ||
  fail "image $at has neither Windows/Boot/PXE/bootmgr.exe nor Windows/Boot/EFI/bootmgfw.efi, one of which wimboot starts, and $held: set index of the WinPeImage, or take another boot.wim"

# 3. What is added.
text() { mkdir -p "$WORK/add/$(dirname -- "$1")" && printf %s "$2" | base64 -d >"$WORK/add/$1"; }
file() { mkdir -p "$WORK/add/$(dirname -- "$1")" && cp --reflink=auto -- "$IN/$2" "$WORK/add/$1"; }
if [ -n "$ADDED" ]; then
  additions || exit 1
  tell "adding $(find "$WORK/add" -type f | wc -l) files to image $at"
  wimupdate boot.wim "$at" --no-acls --command="add '$WORK/add' /" >"$WORK/words" 2>&1 || fail "boot.wim cannot be changed: $(grep -i error "$WORK/words" | head -n 2 | tr '\n' ' ')"
fi
rm -rf -- "$WORK"
tell "image $at, $machine, $(mib boot.wim) MiB"
