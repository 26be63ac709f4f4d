// A loader for BIOS in wimboot's place: a Linux kernel that says which files it was given. It brings its own initial file system, which nobody else is to give it.
import { readFileSync } from "node:fs";
import { artifacts } from "../setup/where.mjs";

/** Boot protocol (Documentation/arch/x86/boot.rst): where the header says how long the setup code is, and where that jumps to at its end. */
const SETUP_SECTORS = 0x1f1;
const CODE32_START = 0x214;
const LOADED_AT = 0x100000;
const PAGE = 4096;

const init = `#!/bin/busybox sh
export PATH=/bin
/bin/busybox --install -s /bin
mkdir -p /proc /dev
mount -t proc proc /proc
mount -t devtmpfs dev /dev
exec < /dev/null > /dev/ttyS0 2>&1
echo 1 > /proc/sys/kernel/printk
echo
echo "WIMBOOT arguments=$(cat /proc/cmdline)"
for file in /*; do
    case $file in /init) ;; *) [ ! -f "$file" ] || echo "WIMBOOT file=\${file#/} sha256=$(sha256sum < "$file" | cut -c1-64)" ;; esac
done
echo "WIMBOOT end"
while :; do sleep 3600; done
`;

/** An archive of one executable file (cpio's newc, Documentation/driver-api/early-userspace/buffer-format.rst). */
function archive(name: string, text: string): Buffer {
    const member = (path: string, mode: number, content: Buffer) => {
        const fields = [1, mode, 0, 0, 1, 0, content.length, 0, 0, 0, 0, path.length + 1, 0];
        return Buffer.concat([padded(Buffer.from(`070701${fields.map((field) => field.toString(16).padStart(8, "0")).join("")}${path}\0`), 4), padded(content, 4)]);
    };
    return Buffer.concat([member(name, 0o100755, Buffer.from(text)), member("TRAILER!!!", 0, Buffer.alloc(0))]);
}

const padded = (data: Buffer, to: number) => Buffer.concat([data, Buffer.alloc((to - (data.length % to)) % to)]);

/** The test's own kernel, behind which lies its initial file system: before the kernel proper, that is put in front of what iPXE has brought. */
export function biosStandIn(): Buffer {
    const kernel = padded(readFileSync(artifacts.vmlinuz), 16);
    const own = padded(Buffer.concat([padded(readFileSync(artifacts.initrd), 4), archive("init", init)]), PAGE);
    const at = LOADED_AT + kernel.length - (kernel[SETUP_SECTORS]! + 1) * 512;
    const code = Buffer.from([
        0x56,                                           // push esi                 esi: the boot parameters
        0x8b, 0xbe, 0x18, 0x02, 0, 0,                   // mov edi, [esi+0x218]     ramdisk_image
        0x81, 0xef, 0, 0, 0, 0,                         // sub edi, length          (9)
        0x89, 0xf8,                                     // mov eax, edi
        0xbe, 0, 0, 0, 0,                               // mov esi, archive         (16)
        0xb9, 0, 0, 0, 0,                               // mov ecx, length          (21)
        0xfc, 0xf3, 0xa4,                               // cld; rep movsb
        0x5e,                                           // pop esi
        0x89, 0x86, 0x18, 0x02, 0, 0,                   // mov [esi+0x218], eax
        0x81, 0x86, 0x1c, 0x02, 0, 0, 0, 0, 0, 0,       // add [esi+0x21c], length  (41) ramdisk_size
        0x31, 0xff,                                     // xor edi, edi
        0xb8, 0, 0, 0x10, 0, 0xff, 0xe0,                // mov eax, LOADED_AT; jmp eax
    ]);
    for (const place of [9, 21, 41]) code.writeUInt32LE(own.length, place);
    const stub = padded(code, 16);
    stub.writeUInt32LE(at + stub.length, 16);
    kernel.writeUInt32LE(at, CODE32_START);
    return Buffer.concat([kernel, stub, own]);
}
