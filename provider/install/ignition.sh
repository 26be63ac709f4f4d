#!/bin/sh
# Flatcar and Fedora CoreOS, started from the network, install themselves by this: onto the disk that was ordered, with the configuration of the installed system.
argument() { tr ' ' '\n' </proc/cmdline | sed -n "s/^netboot\.$1=//p"; }
master=$(argument master) machine=$(argument machine)
netboot=/run/netboot
curl -sSf --retry 10 --retry-connrefused -o $netboot "$master/installers/netboot" && chmod 755 $netboot || exit 1
$netboot start
$netboot watch &
disk=$($netboot disk) || exit 1
config=/run/installed.ign
curl -sSf --retry 10 --retry-connrefused -o $config "$master/answers/$machine/installed.ign" || { $netboot failed "the master does not hand out the configuration of the installed system"; exit 1; }
if command -v coreos-installer >/dev/null 2>&1; then coreos-installer install "$disk" --ignition-file $config
else flatcar-install -d "$disk" -i $config; fi || { $netboot failed "the installer says why on the console"; exit 1; }
"$netboot" "done"
$netboot leave
