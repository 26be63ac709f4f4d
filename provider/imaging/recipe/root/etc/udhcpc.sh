#!/bin/sh
# What udhcpc does with an answer: $1 says which, its values are in the environment. Its output is the console's.
exec > /run/imaging/said 2>&1
case $1 in
    deconfig)
        ip addr flush dev "$interface"
        ip link set "$interface" up
        ;;
    bound | renew)
        # With a broadcast address: a multicast receiver finds its sender by it.
        ip addr replace "$ip/$mask" broadcast + dev "$interface" 2> /dev/null || ip addr add "$ip/$mask" broadcast + dev "$interface"
        for gateway in $router; do
            ip route replace default via "$gateway" dev "$interface"
            break
        done
        for server in $dns; do echo "nameserver $server"; done > /etc/resolv.conf
        echo "$ip/$mask" > /run/imaging/address.new
        mv /run/imaging/address.new /run/imaging/address
        ;;
    leasefail | nak) echo "netboot: no address yet: $1 on $interface; asking on" ;;
esac
exit 0
