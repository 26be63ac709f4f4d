#!/bin/sh
# The disk, without loop devices and mounts: file systems are made as files and put into their places.
set -eu
mib=1048576 size=$MEBIBYTES
system=/system disk=/build/disk.img
mkdir -p /build /out
cd /build
mv $system/etc/hostname.golden $system/etc/hostname
printf '127.0.0.1\tlocalhost\n127.0.1.1\tgolden\n' > $system/etc/hosts
rm -rf $system/etc/resolv.conf $system/src
truncate -s ${size}M $disk
sfdisk -q $disk << END
label: gpt
label-id: 6E657462-6F6F-7400-0000-6469736B0000
start=2048, size=2048, type=21686148-6449-6E6F-744E-656564454649, uuid=6E657462-6F6F-7400-0000-000000000001
start=4096, size=32768, type=U, uuid=6E657462-6F6F-7400-0000-000000000002
start=36864, type=L, uuid=6E657462-6F6F-7400-0000-000000000003
END
put() { dd if="$1" of=$disk bs=$mib seek="$2" conv=notrunc,sparse status=none; }
number() { printf "\\$(printf %o $(($1 & 255)))\\$(printf %o $(($1 >> 8 & 255)))"; }

modules="part_gpt ext2 fat search_fs_uuid configfile normal linux echo"
grub-mkimage -O x86_64-efi -o bootx64.efi -p /boot/grub -c /src/early.cfg $modules
grub-mkimage -O i386-pc -o core.img -p /boot/grub -c /src/early.cfg $modules biosdisk
# As grub-bios-setup does it: the boot sector says where core.img is, and core.img's first sector where its rest is.
cp /usr/lib/grub/i386-pc/boot.img boot.img
number 2048 | dd of=boot.img bs=1 seek=92 conv=notrunc status=none
number 2049 | dd of=core.img bs=1 seek=500 conv=notrunc status=none
dd if=boot.img of=$disk bs=1 count=440 conv=notrunc status=none
put core.img 1

truncate -s 16M esp.img
mkfs.vfat -n ESP -i 6E657462 esp.img > /dev/null
mmd -i esp.img ::EFI ::EFI/BOOT
mcopy -i esp.img bootx64.efi ::EFI/BOOT/BOOTX64.EFI
put esp.img 2

truncate -s $((size - 18 - 1))M root.img
mkfs.ext4 -q -L root -U 6e657462-6f6f-7400-0000-726f6f740000 -d $system root.img
put root.img 18
zstd -q -T0 -9 $disk -o /out/disk.img.zst
sha256sum $disk | cut -c1-64 > /out/digest
ls -l /out
rm -rf /build $system
