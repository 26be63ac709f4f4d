#!/bin/sh
# Unpacks Debian's cloud kernel, without installing it, and packs busybox, the network modules and our init beside it.
set -eu
package=$(apt-cache depends linux-image-cloud-amd64 | sed -n 's/^ *Depends: \(linux-image-[0-9].*\)/\1/p' | head -n 1)
mkdir -p /build /out /initrd/bin /initrd/etc
cd /build
apt-get download "$package"
dpkg-deb -x "$package"_*.deb .
cp boot/vmlinuz-* /out/vmlinuz
release=$(ls lib/modules)

cp /bin/busybox /initrd/bin/busybox
install -m 755 /src/init /initrd/init
install -m 755 /src/udhcpc.sh /initrd/etc/udhcpc.sh

# Each driver with the modules that it needs, in the order to load them; what is built in has no file.
depmod -b /build "$release"
mkdir -p /initrd/modules
number=10
for driver in virtio_pci virtio_net virtio_blk virtio_scsi sd_mod nvme; do
    modprobe -d /build -S "$release" --show-depends "$driver" > /build/needs || { echo "$driver: not in this kernel"; continue; }
    sed -n 's/^insmod //p' /build/needs | while read -r file rest; do echo "${file%% *}"; done > /build/files
    while read -r file; do
        name=$(basename "$file")
        ls /initrd/modules | grep -q -- "-$name\$" && continue
        cp "$file" "/initrd/modules/$number-$name"
        number=$((number + 1))
    done < /build/files
done
ls -l /initrd/modules
cd /initrd
find . | sort | cpio --quiet -o -H newc -R 0:0 | gzip -9n > /out/initrd.img

# What an installer has for a disk of the master: Linux's initiator, and a curl, which knows PUT. Unpacked over the other.
add() { mkdir -p "/initiator${1%/*}"; cp -L "$1" "/initiator$1"; }
for program in /usr/sbin/iscsistart /usr/bin/curl; do
    add "$program"
    ldd "$program" | sed -n 's/^[^/]*\(\/[^ ]*\) (0x.*/\1/p' | while read -r library; do add "$library"; done
done
mkdir -p /initiator/bin && mv /initiator/usr/sbin/iscsistart /initiator/usr/bin/curl /initiator/bin
for driver in iscsi_tcp iscsi_ibft; do modprobe -d /build -S "$release" --show-depends "$driver" || exit 1; done | sed -n 's/^insmod \/build\([^ ]*\).*/\1/p' | while read -r file; do
    mkdir -p "/initiator${file%/*}"
    cp "/build$file" "/initiator$file"
done
depmod -b /initiator "$release"
cd /initiator
find . | sort | cpio --quiet -o -H newc -R 0:0 | gzip -9n > /out/initiator.img
ls -l /out
