#!/bin/sh
# The disk is one file system, made as a file, without loop devices and mounts; the kernel is started from beside it.
set -eu
mkdir -p /out
rm -rf /system/etc/resolv.conf /system/src
printf 'master\n' > /system/etc/hostname
printf '127.0.0.1\tlocalhost\n127.0.1.1\tmaster\n' > /system/etc/hosts
cp /system/boot/vmlinuz-* /out/kernel
cp /system/boot/initrd.img-* /out/initrd
truncate -s 3G /root.img
mkfs.ext4 -q -L root -d /system /root.img
qemu-img convert -c -O qcow2 /root.img /out/root.qcow2
ls -l /out
rm -rf /root.img /system
