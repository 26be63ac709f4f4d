#!/bin/sh
# The first process of a client's container: puts the container's link under a bridge, and a machine beside it.
# The machine's tap is the only thing that speaks on the link: the container itself gives up its address.
set -eu
state=
ip link add br0 type bridge mcast_snooping 0
ip addr flush dev eth0
ip link set eth0 master br0
ip tuntap add t0 mode tap
ip link set t0 master br0
ip link set t0 up
ip link set br0 up
[ -e /machine/disk.img ] || [ -z "${DISK_SIZE:-}" ] || truncate -s "$DISK_SIZE" /machine/disk.img
if [ -n "$STORE" ] && [ ! -e /machine/vars.fd ]; then
    cp "$STORE" /machine/vars.fd
    [ ! -s /machine/boot-variables ] || dd if=/machine/boot-variables of=/machine/vars.fd bs=4 seek=$((FIRST_VARIABLE / 4)) conv=notrunc status=none
fi
# What runs in the background has no input but what it is given by another number.
exec 3<&0
# A machine that is killed has lost its power, and waits for somebody to switch it on; one that ends by itself is off for good.
# One whose state was saved goes on from there each time.
while :; do
    rm -f /machine/on
    "$QEMU" "$@" ${state:+-incoming "$state"} <&3 &
    machine=$!
    echo $machine > /machine/pid
    trap 'kill $machine' TERM
    code=0
    wait $machine || code=$?
    [ $code = 137 ] || exit $code
    until [ -e /machine/on ]; do sleep 0.1; done
    [ ! -e /machine/state ] || state="exec:cat /machine/state"
done
