#!/bin/sh
# What every installer here asks of its master and tells it (docs/cloning-protocol.md). Runs in the installer's own system: a POSIX shell, busybox or more, and curl or GNU wget.
# netboot start | disk | watch | stage STAGE | done | failed WHY
# NETBOOT_ROOT is where /proc, /sys, /dev and /tmp are looked for; tests set it.
export LC_ALL=C
R=${NETBOOT_ROOT:-}
W=$R/tmp/netboot-install
MIB=1048576 SLOT=4096 SLOTS="255 254"
mkdir -p "$W"

is_hex() { case $1 in '' | *[!0-9a-f]*) return 1 ;; esac; [ ${#1} -eq "$2" ]; }
is_number() { case $1 in '' | *[!0-9]*) return 1 ;; esac; [ ${#1} -le 18 ]; }
argument() { tr ' ' '\n' <"$R/proc/cmdline" | sed -n "s/^netboot\.$1=//p" | tail -n 1; }
key() { sed -n "s/^$1 //p" "$W/job" 2>/dev/null | head -n 1; }
say() { printf 'netboot: %s\n' "$*" >&2; { printf '\r\nnetboot: %s\r\n' "$*" >"$R/dev/console"; } 2>/dev/null; }
# Printable ASCII without quotes and backslashes: needs no escaping.
clean() { printf '%s' "$1" | tr '\n\t"\\' "  '/" | tr -cd ' -~' | head -c 1500; }
text() { [ -z "$2" ] || printf '"%s":"%s",' "$1" "$(clean "$2")"; }

if command -v curl >/dev/null 2>&1; then
    fetch() { curl -q -sS --fail --connect-timeout 10 --max-time 60 -o "$2" "$MASTER$1" 2>"$2.err"; }
    put() { curl -q -sS --fail --connect-timeout 5 --max-time 20 -H Expect: -o /dev/null -T "$2" "$MASTER$1" 2>"$2.err"; }
else
    fetch() { wget -q -t 1 -T 60 -O "$2" "$MASTER$1" 2>"$2.err"; }
    put() { wget -q -t 1 -T 20 -O /dev/null --method=PUT --body-file="$2" "$MASTER$1" 2>"$2.err"; }
fi

# insist TRIES ACTION...: again and again, half a minute apart at most.
insist() {
    left=$1 pause=1
    shift
    until "$@"; do
        left=$((left - 1))
        [ "$left" -gt 0 ] || return 1
        sleep $pause
        [ $pause -ge 30 ] || pause=$((pause * 2))
    done
}

# report STAGE [WHY]: never stops anything.
report() {
    generation=$(key generation) words=$(cat "$W/disk.words" 2>/dev/null) own=$$
    {
        printf '{'
        text machine "$MACHINE"
        [ -z "$generation" ] || printf '"generation":%s,' "$generation"
        text stage "$1"
        text image "$(key image)"
        text disk "$words"
        text error "$2"
        printf '"time":%s}\n' "$(cut -d. -f1 <"$R/proc/uptime")"
    } >"$W/status.$own"
    put "/reports/$MACHINE/status" "$W/status.$own"
}

stage() { echo "$1" >"$W/stage"; report "$1"; }

# failed WHY: as the order says. What waits is left to whoever is at the console.
failed() {
    say "FAILED: $1"
    echo failed >"$W/stage"
    report failed "$1"
    case $(key failure) in
        reboot) leave reboot 20 ;;
        poweroff) leave poweroff 20 ;;
    esac
}

# There is nothing to go on with: ends with the machine, or never.
halt_here() {
    failed "$1; $2"
    while :; do sleep 60; report failed "$1; $2"; done
}

leave() {
    sleep "$2"
    sync
    "$1" -f 2>/dev/null || case $1 in reboot) echo b ;; *) echo o ;; esac >"$R/proc/sysrq-trigger"
    while :; do sleep 60; done
}

get_job() {
    [ ! -s "$W/job" ] || return 0
    insist 20 fetch "/orders/$MACHINE/job" "$W/job.new" || { say "the master has no order for this machine; it starts again"; leave reboot 60; }
    [ "$(sed -n '1p' "$W/job.new")" = "netboot-job 1" ] && [ "$(tail -n 1 "$W/job.new")" = "end end" ] && grep -qx "do install" "$W/job.new" && grep -qx "nonce $NONCE" "$W/job.new" ||
        { say "the master's order is not the one that this machine was started for; it starts again"; leave reboot 60; }
    mv "$W/job.new" "$W/job"
}

# Of udev, as lsblk shows them: lsblk itself is not everywhere. A disk that udev does not know has no properties, and below the kernel is asked.
property() { sed -n "s/^$1=//p" "$W/properties" | head -n 1; }
look_at() {
    name=$1 path=$R/sys/block/$1
    udevadm info -q property -n "/dev/$name" >"$W/properties" 2>/dev/null || : >"$W/properties"
    size=$(($(cat "$path/size" 2>/dev/null || echo 0) * 512))
    serial=$(property ID_SCSI_SERIAL)
    serial=${serial:-$(property ID_SERIAL_SHORT)}
    serial=${serial:-$(cat "$path/serial" 2>/dev/null)}
    serial=${serial:-$(property ID_SERIAL)}
    wwn=$(property ID_WWN_WITH_EXTENSION)
    wwn=${wwn:-$(property ID_WWN)}
    fixed=yes
    [ "$(property ID_BUS)" != usb ] || fixed=
    [ "$(cat "$path/device/type" 2>/dev/null)" != SD ] || fixed=
}

# Why a disk is never written; nothing if it may be.
objection() {
    [ "$(cat "$path/removable" 2>/dev/null)" = 0 ] || { echo removable; return; }
    [ "$(cat "$path/ro" 2>/dev/null)" = 0 ] || { echo read-only; return; }
    [ "$size" -ge $((8 * MIB)) ] || { echo "too small"; return; }
    grep -qE "^/dev/${name}(p?[0-9]+)? " "$R/proc/mounts" && echo mounted
}

matches() {
    case $choice in
        only) [ -n "$fixed" ] ;;
        serial=*) [ "$serial" = "${choice#serial=}" ] ;;
        wwn=*) [ -n "$wwn" ] && [ "$wwn" = "${choice#wwn=}" ] ;;
        id=*) [ "$(readlink -f "$R/dev/disk/by-id/${choice#id=}")" = "$(readlink -f "$R/dev/$name")" ] ;;
        size=*) range=${choice#size=} && [ -n "$fixed" ] && [ "$size" -ge "${range%-*}" ] && [ "$size" -le "${range#*-}" ] ;;
        name=*) [ "$name" = "${choice#name=}" ] ;;
        target=*) [ "$(target_of)" = "${choice#target=}" ] && [ -e "$R/dev/$name" ] ;;
        *) return 1 ;;
    esac
}

# The iSCSI name of the target whose first disk it is (LUN 1).
target_of() {
    place=$(readlink -f "$path/device")
    case $place in */session*/target*:1) session=${place##*/session} && cat "$R/sys/class/iscsi_session/session${session%%/*}/targetname" ;; esac
}

# A disk of the master is there once its machine has logged in, as the table says that iPXE has left in memory (iBFT). Who is logged in stays so.
attach() {
    cat "$R"/sys/class/iscsi_session/session*/targetname 2>/dev/null | grep -qxF "$1" && return
    modprobe -q iscsi_tcp
    modprobe -q iscsi_ibft
    iscsistart -b >"$W/attach" 2>&1 || attached=$(clean "$(tail -n 2 "$W/attach")")
}

look_at_disks() {
    found=0 there='' DISK='' attached='' choice=$(key disk)
    case $choice in target=*) attach "${choice#target=}" ;; esac
    for entry in "$R"/sys/block/*; do
        case ${entry##*/} in '*' | loop* | ram* | zram* | dm-* | md* | nbd* | sr* | fd* | mmcblk*boot* | mmcblk*rpmb) continue ;; esac
        look_at "${entry##*/}"
        against=$(objection)
        there="$there${there:+, }$name ($size bytes, serial ${serial:-unknown}${against:+, $against})"
        [ -z "$against" ] && matches || continue
        found=$((found + 1))
        DISK=$name DISK_SIZE=$size DISK_WORDS="$name ($size bytes, serial ${serial:-unknown})"
    done
    [ $found != 0 ]
}

block() { dd if="$R/dev/$DISK" bs="$1" skip="$2" count=1 2>/dev/null; }
# A number of zeros, and no more, is what is there. What cannot be read is not blank.
zeros() { [ "$(block $MIB "$1" | wc -c)" -eq $MIB ] && [ "$(block $MIB "$1" | tr -d '\000' | head -c 1 | wc -c)" -eq 0 ]; }
is_blank() { zeros 0 && zeros $((DISK_SIZE / MIB - 1)); }
stamped() { sed -n "s/^$1 //p" "$W/stamp" | head -n 1; }
read_stamp() {
    for slot in $SLOTS; do
        block $SLOT "$slot" | tr '\000' '\n' | head -n 8 >"$W/stamp"
        [ "$(head -n 1 "$W/stamp")" != "netboot-stamp 1" ] || return 0
    done
    return 1
}
write_stamp() {
    fetch "/orders/$MACHINE/stamp.$1" "$W/stamp.new" && [ "$(wc -c <"$W/stamp.new")" -eq $SLOT ] || return 1
    for slot in $SLOTS; do
        dd if="$W/stamp.new" of="$R/dev/$DISK" bs=$SLOT seek="$slot" count=1 conv=notrunc 2>/dev/null && sync || return 1
    done
}

# May this disk be erased? Goes on only if it may.
judge_disk() {
    if ! read_stamp; then
        is_blank || [ "$(key overwrite)" = yes ] || halt_here "$DISK_WORDS has something on it that is not ours; nothing on it was changed" "allow it to be overwritten in the program, or clear the disk by hand"
        return
    fi
    [ "$(stamped site)" = "$(key site)" ] || halt_here "$DISK_WORDS belongs to another site's machine $(stamped machine); nothing on it was changed" "clear it by hand if it may be erased"
    # A copy of what another machine has installed bears that one's stamp. By its target it is this machine's all the same.
    case $choice in target=*) [ "$(stamped machine)" = "$MACHINE" ] || [ "$(key overwrite)" != yes ] || return 0 ;; esac
    [ "$(stamped machine)" = "$MACHINE" ] || halt_here "$DISK_WORDS belongs to the machine $(stamped machine) of this site; nothing on it was changed" "clear it by hand if it may be erased"
    generation=$(stamped generation)
    is_number "$generation" || halt_here "$DISK_WORDS has a stamp without a generation; nothing on it was changed" "clear it by hand if it may be erased"
    [ "$generation" -ge "$(key generation)" ] && [ "$(stamped state)" = "done" ] || return 0
    say "$DISK_WORDS has generation $generation already; this is reported again"
    tell_done "$(stamped nonce)" "$generation" "$(stamped image)"
    leave reboot 0
}

choose_disk() {
    insist 8 look_at_disks
    [ "$found" -le 1 ] || halt_here "the order's disk is $choice, and $found disks are that; nothing was changed. There are: $there" "name one of them in the program, by serial or wwn"
    [ "$found" = 1 ] || halt_here "the order's disk is $choice, and no disk that may be written is that; nothing was changed. There are: ${there:-none}${attached:+; logging in to the master's: $attached}" "correct the program, or the machine's disks"
    echo "$DISK_WORDS" >"$W/disk.words"
    stage disk
    judge_disk
    # Were it not for this, a disk that an installation was broken off on would be anybody's.
    write_stamp writing || say "$DISK_WORDS takes no stamp"
    echo "$DISK $DISK_SIZE" >"$W/disk"
    stage write
}

# The stamp's place is before the first partition of all who begin it where they have for ten years: at the first MiB.
stamp_done() {
    read -r DISK DISK_SIZE <"$W/disk" || return
    parts=0
    for part in "$R/sys/block/$DISK/$DISK"*; do
        [ -r "$part/start" ] || continue
        parts=$((parts + 1))
        [ "$(cat "$part/start")" -ge 2048 ] || return
    done
    [ $parts = 0 ] || write_stamp "done"
}

# The one report that matters.
tell_done() {
    printf '%s\n' "nonce $1" "generation $2" "image $3" "end end" >"$W/done"
    insist 40 put "/claims/$NONCE/done" "$W/done" || say "the master does not take the report"
    stage "done"
}

# As long as it is not over, the master hears of it. debian-installer says in its log when one of its parts cannot go on; one that says nothing for half an hour waits for an answer.
watch() {
    log=$R/var/log/syslog size='' still=0
    while sleep 20; do
        stage=$(cat "$W/stage" 2>/dev/null)
        case $stage in "done" | failed) continue ;; esac
        item=$(sed -n "s/.*Menu item '\([a-z0-9-]*\)' failed\..*/\1/p" "$log" 2>/dev/null | tail -n 1)
        was=$size size=$(wc -c 2>/dev/null <"$log")
        if [ -n "$size" ] && [ "$size" = "$was" ]; then still=$((still + 1)); else still=0; fi
        if [ -n "$item" ]; then failed "$item failed; the installer says why on its console"
        elif [ $still -ge 90 ]; then failed "nothing has happened for half an hour: the installer may wait for an answer on its console"
        else report "$stage"; fi
    done
}

MASTER=$(argument master) MACHINE=$(argument machine) NONCE=$(argument order)
case $MASTER in http://*[!A-Za-z0-9.:-]* | http://) MASTER= ;; http://*) ;; *) MASTER= ;; esac
case $MACHINE in '' | *[!A-Za-z0-9._-]*) MASTER= ;; esac
[ -n "$MASTER" ] && is_hex "$NONCE" 32 || { say "the kernel's arguments name no master, no machine or no order"; exit 1; }

case $1 in
    start) get_job && stage start ;;
    disk) { get_job && choose_disk; } >&2 && echo "/dev/$DISK" ;;
    watch) watch ;;
    stage) stage "$2" ;;
    "done") get_job && stage finish && stamp_done; sync; tell_done "$NONCE" "$(key generation)" "$(key image)" ;;
    failed) failed "$2" ;;
    leave) leave "$(key 'then')" 0 ;;
    *) say "usage: netboot start | disk | watch | stage STAGE | done | failed WHY | leave"; exit 2 ;;
esac
