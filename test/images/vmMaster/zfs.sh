#!/bin/sh
# Debian has ZFS as source only: its modules for this kernel, which takes minutes.
set -eu
DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends linux-headers-cloud-amd64 zfs-dkms
release=$(ls /lib/modules | head -n 1)
version=$(dkms status zfs | sed 's|^zfs/\([^,:]*\).*|\1|;q')
ls "/lib/modules/$release/updates/dkms/zfs.ko"* >/dev/null 2>&1 || dkms install "zfs/$version" -k "$release" || { tail -n 50 /var/lib/dkms/zfs/*/build/make.log; exit 1; }
cp "/lib/modules/$release/updates/dkms/"* /modules
