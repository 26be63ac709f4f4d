#!/bin/busybox sh
# What udhcpc does with its answer.
[ "$1" = bound ] || exit 0
ip addr add "$ip/$mask" dev "$interface"
for gateway in $router; do ip route add default via "$gateway"; done
echo "NETBOOT-UP address=$ip/$mask router=$router hostname=$hostname"
