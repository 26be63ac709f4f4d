#!/bin/sh
# The files by which the provider and wimlib tell a boot.wim, in the spelling that Microsoft's media have; and the loader for UEFI.
set -eu
mkdir -p /tree/Windows/System32 /tree/Windows/Boot/PXE /tree/Windows/Boot/EFI /out/media/Boot /out/media/sources
# wimlib reads the processor out of this program's header: x86-64.
{ printf 'MZ'; head -c 58 /dev/zero; printf '\100\000\000\000PE\000\000\144\206'; head -c 500 /dev/zero; } >/tree/Windows/System32/kernel32.dll
printf 'wpeinit\r\n' >/tree/Windows/System32/startnet.cmd
echo 'no boot manager of Microsoft' >/tree/Windows/Boot/PXE/bootmgr.exe
echo 'no boot manager of Microsoft' >/tree/Windows/Boot/EFI/bootmgfw.efi
head -c 3000000 /dev/urandom >/tree/Windows/System32/filler.dll
wimcapture /tree /out/media/sources/boot.wim 'Stand-in for Windows PE (x64)' --boot --compress=LZX >/dev/null
wimappend /tree /out/media/sources/boot.wim 'Stand-in for Windows Setup (x64)' >/dev/null
head -c 16384 /dev/urandom >/out/media/Boot/BCD
head -c 100000 /dev/urandom >/out/media/Boot/boot.sdi

# As Microsoft's: the files in UDF alone, and in ISO 9660 a readme.
cp -a /out/media /iso
echo 'This disc contains a "UDF" file system.' >/iso/README.TXT
genisoimage -quiet -udf -hide Boot -hide sources -o /out/winpe.iso /iso

cd /tmp
gcc -c -O2 -Wall -ffreestanding -fno-stack-protector -fpic -fshort-wchar -mno-red-zone -maccumulate-outgoing-args -I/usr/include/efi -I/usr/include/efi/x86_64 -o list.o /src/list.c
ld -nostdlib -znocombreloc -shared -Bsymbolic -L/usr/lib -T /usr/lib/elf_x86_64_efi.lds /usr/lib/crt0-efi-x86_64.o list.o -o list.so -lefi -lgnuefi
objcopy -j .text -j .sdata -j .data -j .dynamic -j .dynsym -j .rel -j .rela -j '.rel.*' -j '.rela.*' -j .reloc --target=efi-app-x86_64 list.so /out/list.efi
ls -lR /out
