#!/bin/sh
# Builds the imaging system on a Debian machine: $OUT/vmlinuz and $OUT/initrd, from packages of the machine's own apt sources, of which it installs none.
# All is unpacked into a folder of its own, and out of that the initial file system is put together file by file. Not by mkinitramfs: that reads
# modules from /lib/modules only, and runs whatever hooks this machine's other packages have put there.
# Around this text provider/imaging/index.ts sets PACKAGES, TOOLS, APPLETS (of busybox) and FIRMWARE, and the functions `modules`, `name` and `files`.
set -eu
export LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin
umask 022

if { true >&4; } 2> /dev/null; then exec 5>&4; else exec 5> /dev/null; fi
say() { printf '%s\n' "$*" >&5; }
fail() {
    printf 'imaging system: %s\n' "$*" >&2
    exit 1
}

start() {
    [ "$(id -u)" = 0 ] || fail "this needs root, to run the unpacked tools in a root of their own"
    [ -d "${OUT:?}" ] || fail "\$OUT is no folder: $OUT"
    base=${TMPDIR:-/var/tmp}
    # What a killed run has left.
    find "$base" -maxdepth 1 -name 'netboot-imaging.*' -mtime +0 -exec rm -rf --one-file-system {} +
    free=$(df -Pm "$base" | awk 'NR == 2 { print $4 }')
    [ "$free" -ge 1000 ] || fail "$base has $free MiB free, and 1000 are needed while it is built"
    work=$(mktemp -d "$base/netboot-imaging.XXXXXX")
    trap 'rm -rf --one-file-system "$work"' EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM
    pool=$work/pool root=$work/root
    mkdir -m 755 "$pool" "$root" "$work/debs"
    chmod 755 "$work"
    # One /usr, also where a package still has files in /bin: Debian 12.
    for tree in "$pool" "$root"; do
        mkdir -p "$tree/usr"
        for dir in bin sbin lib lib64; do
            mkdir "$tree/usr/$dir"
            ln -s "usr/$dir" "$tree/$dir"
        done
    done
}

# As if nothing were installed: then apt names all that these packages need, and the result does not depend on what this machine has.
apt() {
    apt-get -q -y -o APT::Sandbox::User=root -o APT::Install-Recommends=false -o Dir::State::status="$work/status" -o Debug::NoLocking=true \
        -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= "$@"
}

needs() {
    apt -s install "$@" > "$work/plan" 2> "$work/words" \
        || fail "apt knows no way to get $*: $(grep -E '^E:|Unable' "$work/words" | tr '\n' ' ')(has apt-get update run, and are the sources complete? firmware is in non-free-firmware)"
    sed -n 's/^Inst \([^ ]*\) (\([^ ]*\) .*/\1=\2/p' "$work/plan"
}

# Never installed, so no maintainer script and no hook of this machine runs. `apt-get download` checks each package's digest against the signed lists.
unpack() {
    (cd "$work/debs" && apt download "$@" > "$work/log" 2>&1) || fail "cannot download $*: $(grep -E '^(E|W|Err)' "$work/log" | tr '\n' ' ')"
    for deb in "$work"/debs/*.deb; do
        dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$pool" --keep-directory-symlink --no-same-owner
        rm "$deb"
    done
}

fetch() {
    : > "$work/status"
    kernel=linux-image-$(dpkg --print-architecture)
    # Ubuntu's kernels go by another name, which in Debian is no package's own.
    apt-cache -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= show "$kernel" 2> /dev/null | grep -q '^Package:' || kernel=linux-image-generic
    say "reading what the packages need"
    needs "$kernel" > "$work/kernels"
    kernels=$(grep -E '^linux-(image|modules|modules-extra)-[0-9]' "$work/kernels") || fail "$kernel names no kernel"
    # Libraries, and not what else packages ask for to be installed: Python, debconf, perl.
    needs $PACKAGES | awk -F= -v asked=" $PACKAGES " '($1 ~ /^(lib|zlib)/ && $1 !~ /^lib(python|perl|icu)/) || index(asked, " " $1 " ")' > "$work/tools"
    [ -s "$work/tools" ] || fail "apt has not said what the tools need"
    tools=$(cat "$work/tools")
    # What is not to be had is said before anything is fetched.
    if [ -n "$FIRMWARE" ]; then needs $FIRMWARE > "$work/firmware"; fi
    say "fetching $(echo "$kernels" | tr '\n' ' ')"
    unpack $kernels
    say "fetching $(echo $tools | wc -w) packages of tools"
    unpack $tools
    if [ -n "$FIRMWARE" ]; then
        say "fetching $FIRMWARE"
        unpack $(awk -F= -v asked=" $FIRMWARE " 'index(asked, " " $1 " ")' "$work/firmware")
    fi
    release=$(cd "$pool/lib/modules" && echo *)
    case $release in *' '* | '*') fail "one kernel was wanted, and there are: $release" ;; esac
    ld=$(cd "$pool" && ls -d lib64/ld-linux-*.so.* lib/ld-linux-*.so.* 2> /dev/null | head -n 1)
    within busybox true || fail "programs below ${TMPDIR:-/var/tmp} cannot be run (mounted noexec?); set TMPDIR to another place"
}
within() { chroot "$pool" "$@"; }

# A file of the pool to the same place; a link with what it leads to; a program with its libraries.
take() {
    [ ! -e "$root$1" ] || return 0
    mkdir -p "$root${1%/*}"
    real=$(within readlink -e "$1") || fail "$1 is in no package"
    # The folders that are links themselves, as /bin, are the same in both trees.
    here=$(within readlink -e "${1%/*}")/${1##*/}
    if [ "$real" != "$here" ]; then
        ln -sr "$root$real" "$root$1"
        set -- "$real"
        [ ! -e "$root$1" ] || return 0
        mkdir -p "$root${1%/*}"
    fi
    cp -p "$pool$1" "$root$1"
    # No libraries for one sort of processor only: the machine is another one. What needs no library makes it fail as well; what is amiss stands in its words, looked for below.
    within "/$ld" --glibc-hwcaps-mask none --list "$1" > "$work/needs" 2>&1 || true
    ! grep -E 'not found|cannot open shared' "$work/needs" >&2 || fail "$1 lacks a library"
    for library in $(sed -n 's|^[^/]*\(/[^ ]*\) (0x.*|\1|p' "$work/needs"); do
        [ -e "$root$library" ] && continue
        mkdir -p "$root${library%/*}"
        cp -p "$pool$(within readlink -e "$library")" "$root$library"
    done
}

programs() {
    say "putting the file system together"
    mkdir -p "$root/dev" "$root/proc" "$root/sys" "$root/run" "$root/tmp" "$root/root" "$root/mnt" "$root/etc" "$root/var/log" "$root/netboot"
    ln -s /run "$root/var/run"
    take /usr/bin/busybox
    mkdir "$work/applets"
    for applet in $(within busybox --list); do : > "$work/applets/$applet"; done
    for tool in $TOOLS; do
        path=
        # A link may lead to a place that only the pool has.
        for dir in /usr/sbin /usr/bin; do
            if [ -e "$pool$dir/$tool" ] || [ -L "$pool$dir/$tool" ]; then path=$dir/$tool; fi
        done
        [ -n "$path" ] || fail "the tool $tool is in none of $PACKAGES"
        take "$path"
    done
    for applet in $APPLETS; do
        [ -e "$work/applets/$applet" ] || fail "busybox has no $applet, and no package is named that has"
    done
    for applet in "$work"/applets/*; do
        applet=${applet##*/}
        [ -e "$root/usr/bin/$applet" ] || [ -e "$root/usr/sbin/$applet" ] || ln -s busybox "$root/usr/bin/$applet"
    done
    # What programs open while they run, so that no list of libraries tells.
    for library in libgcc_s.so.1 libkmod.so.2 libblkid.so.1 libmount.so.1; do
        file=$(cd "$pool" && ls -d usr/lib/*/"$library" lib/*/"$library" 2> /dev/null | head -n 1)
        [ -z "$file" ] || take "/$file"
    done
}

devices() {
    take /lib/systemd/systemd-udevd
    for file in "$pool"/lib/udev/*; do
        if [ -f "$file" ] && [ -x "$file" ]; then take "/usr/lib/udev/${file##*/}"; fi
    done
    # Only what names disks and loads modules: so network cards keep the kernel's own names.
    mkdir -p "$root/usr/lib/udev/rules.d" "$root/etc/udev/rules.d"
    for rules in 50-firmware 50-udev-default 60-block 60-cdrom_id 60-persistent-storage 60-serial 80-drivers; do
        file=$pool/lib/udev/rules.d/$rules.rules
        if [ -e "$file" ]; then cp -p "$file" "$root/usr/lib/udev/rules.d/"; fi
    done
}

kernel() {
    say "choosing modules of kernel $release"
    within depmod "$release"
    cd "$pool/lib/modules/$release/kernel"
    : > "$work/in"
    : > "$work/out"
    modules | while read -r pattern; do
        list=in
        case $pattern in '!'*) list=out pattern=${pattern#!} ;; esac
        for path in $pattern $pattern.ko $pattern.ko.*; do
            if [ -e "$path" ]; then find "$path" -name '*.ko*'; fi
        done >> "$work/$list"
    done
    cd ..
    # modules.dep names all that a module needs, the needs of its needs too.
    awk -F '[: ]+' -v in_="$work/in" -v out="$work/out" '
        BEGIN { while ((getline line < in_) > 0) wanted["kernel/" line]; while ((getline line < out) > 0) never["kernel/" line] }
        !($1 in wanted) { next }
        { for (i = 1; i <= NF; i++) if ($i in never) next; for (i = 1; i <= NF; i++) if ($i != "") print $i }' modules.dep | sort -u > "$work/chosen"
    [ -s "$work/chosen" ] || fail "no module was chosen"
    mkdir "$work/new"
    tar -c -T "$work/chosen" modules.builtin modules.builtin.modinfo modules.order | tar -x -C "$work/new"
    cd /
    rm -rf "$pool/lib/modules/$release"
    mv "$work/new" "$pool/lib/modules/$release"
    # All is compressed in the end, and better together than one by one.
    find "$pool/lib/modules/$release" -name '*.ko.?*' | sed "s|^$pool||" > "$work/packed"
    grep '[.]xz$' "$work/packed" | xargs -r chroot "$pool" xz -dq
    grep '[.]zst$' "$work/packed" | xargs -r chroot "$pool" zstd -dq --rm
    # modules.order still has the names that they had.
    sed -i 's/[.]ko[.].*/.ko/' "$pool/lib/modules/$release/modules.order"
    within depmod "$release"
    mkdir -p "$root/lib/modules"
    mv "$pool/lib/modules/$release" "$root/lib/modules/$release"
    if [ -n "$FIRMWARE" ]; then cp -a "$pool/lib/firmware" "$root/usr/lib/"; fi
}

# put PATH MODE < TEXT
put() {
    mkdir -p "$root${1%/*}"
    cat > "$root$1"
    chmod "$2" "$root$1"
}

pack() {
    files
    name > "$root/etc/netboot-release"
    chmod 700 "$root/root"
    chmod 1777 "$root/tmp"
    [ -e "$root/init" ] && [ -e "$root/netboot/run" ] || fail "neither /init nor /netboot/run may be missing"
    say "packing $(du -sm "$root" | cut -f1) MiB"
    find "$root" -exec touch -h -d @1 {} +
    # In the pool, to be run by its own cpio: the same on every machine.
    mv "$root" "$pool/root.new"
    (cd "$pool/root.new" && find . | sort) > "$pool/list"
    within dash -c 'cd /root.new && cpio --quiet -o -H newc -R 0:0 --reproducible < /list > /initrd.cpio && cd / && zstd -q -T0 -9 initrd.cpio -o initrd' || fail "packing failed"
    install -m 644 "$pool/initrd" "$OUT/initrd.new"
    install -m 644 "$pool/boot/vmlinuz-$release" "$OUT/vmlinuz"
    mv "$OUT/initrd.new" "$OUT/initrd"
    say "vmlinuz $(wc -c < "$OUT/vmlinuz") bytes, initrd $(wc -c < "$OUT/initrd") bytes"
}

start
fetch
programs
devices
kernel
pack
