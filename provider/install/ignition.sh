#!/bin/sh
# Flatcar and Fedora CoreOS, started from the network, install themselves by this: onto the disk that was ordered, with the configuration of the installed system.
argument() { tr ' ' '\n' </proc/cmdline | sed -n "s/^netboot\.$1=//p"; }
master=$(argument master) machine=$(argument machine)
netboot=/run/netboot
curl -sSf --retry 10 --retry-connrefused -o $netboot "$master/installers/netboot" && chmod 755 $netboot || exit 1
$netboot start
$netboot watch &
# The installed system finds a disk of the master by what iPXE has left (iBFT; dracut.cmdline(7)).
set --
if grep -q '^disk target=' /tmp/netboot-install/job; then
    command -v coreos-installer >/dev/null 2>&1 || { $netboot failed "flatcar-install cannot have the installed system log in to a disk of the master"; exit 1; }
    set -- --append-karg rd.iscsi.firmware=1 --append-karg rd.iscsi.ibft=1
fi
disk=$($netboot disk) || exit 1
config=/run/installed.ign
curl -sSf --retry 10 --retry-connrefused -o $config "$master/answers/$machine/installed.ign" || { $netboot failed "the master does not hand out the configuration of the installed system"; exit 1; }
if command -v coreos-installer >/dev/null 2>&1; then coreos-installer install "$disk" --ignition-file $config "$@"
else flatcar-install -d "$disk" -i $config; fi || { $netboot failed "the installer says why on the console"; exit 1; }
"$netboot" "done"
$netboot leave
