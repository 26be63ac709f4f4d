#!/bin/sh
set -eu
package=$(apt-cache depends linux-image-cloud-arm64:arm64 | sed -n 's/^ *Depends: \(linux-image-[0-9][^:]*\).*/\1/p' | head -n 1)
mkdir -p /build /out /initrd/bin
cd /build
apt-get download "$package:arm64" busybox-static:arm64
for file in ./*.deb; do dpkg-deb -x "$file" .; done
cp boot/vmlinuz-* /out/vmlinuz
cp bin/busybox /initrd/bin/busybox
install -m 755 /src/init /initrd/init
cd /initrd
find . | sort | cpio --quiet -o -H newc -R 0:0 | gzip -9n > /out/initrd.img
ls -l /out
