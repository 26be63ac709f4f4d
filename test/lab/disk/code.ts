// The two smallest programs that show "this machine booted its own disk": each writes one line to the first serial port
// and halts. Written as bytes, so that a test's disk needs no assembler, no boot loader and no build container.

/** What the disk writes on the serial line, with the firmware that started it. */
export const marker = "LOCAL-DISK-BOOTED";

const line = (firmware: string) => Buffer.from(`\r\n${marker} ${firmware}\r\n\0`, "ascii");

/** A boot sector's code, loaded by a BIOS at 0000:7c00 in 16-bit mode. */
export function biosCode(): Buffer {
    const code = Buffer.from([
        0xfa, 0xfc,                   //        cli; cld
        0x31, 0xc0, 0x8e, 0xd8,       //        xor ax, ax; mov ds, ax
        0xbe, 0x00, 0x00,             //        mov si, text (filled in below)
        0xac,                         // next:  lodsb
        0x84, 0xc0, 0x74, 0x11,       //        test al, al; jz halt
        0x88, 0xc3,                   //        mov bl, al
        0xba, 0xfd, 0x03,             //        mov dx, 0x3fd     line status
        0xec, 0xa8, 0x20, 0x74, 0xfb, // wait:  in al, dx; test al, 0x20; jz wait
        0xb2, 0xf8,                   //        mov dl, 0xf8      data
        0x88, 0xd8, 0xee,             //        mov al, bl; out dx, al
        0xeb, 0xea,                   //        jmp next
        0xf4, 0xeb, 0xfd,             // halt:  hlt; jmp halt
    ]);
    code.writeUInt16LE(0x7c00 + code.length, 7);
    return Buffer.concat([code, line("bios")]);
}

/** The same in 64-bit mode, wherever it is loaded. */
function efiCode(): Buffer {
    const code = Buffer.from([
        0xfc,                                     //        cld
        0x48, 0x8d, 0x35, 0x00, 0x00, 0x00, 0x00, //        lea rsi, [rip + text] (filled in below)
        0xac,                                     // next:  lodsb
        0x84, 0xc0, 0x74, 0x12,                   //        test al, al; jz halt
        0x88, 0xc3,                               //        mov bl, al
        0x66, 0xba, 0xfd, 0x03,                   //        mov dx, 0x3fd
        0xec, 0xa8, 0x20, 0x74, 0xfb,             // wait:  in al, dx; test al, 0x20; jz wait
        0xb2, 0xf8,                               //        mov dl, 0xf8
        0x88, 0xd8, 0xee,                         //        mov al, bl; out dx, al
        0xeb, 0xe9,                               //        jmp next
        0xf4, 0xeb, 0xfd,                         // halt:  hlt; jmp halt
    ]);
    code.writeUInt32LE(code.length - 8, 4);
    return Buffer.concat([code, line("uefi")]);
}

/** A UEFI application (PE32+, one section, position-independent, so without relocations). */
export function efiApplication(): Buffer {
    const code = efiCode();
    const headers = Buffer.alloc(0x200);
    headers.write("MZ", 0, "ascii");
    headers.writeUInt32LE(0x40, 0x3c);             // where the PE header is
    headers.write("PE\0\0", 0x40, "ascii");
    headers.writeUInt16LE(0x8664, 0x44);           // machine: x86-64
    headers.writeUInt16LE(1, 0x46);                // one section
    headers.writeUInt16LE(240, 0x54);              // size of the optional header
    headers.writeUInt16LE(0x0022, 0x56);           // executable, large addresses

    const optional = 0x58;
    headers.writeUInt16LE(0x20b, optional);        // PE32+
    headers.writeUInt32LE(0x200, optional + 4);    // size of code
    headers.writeUInt32LE(0x1000, optional + 16);  // entry point
    headers.writeUInt32LE(0x1000, optional + 20);  // base of code
    headers.writeUInt32LE(0x1000, optional + 32);  // alignment in memory
    headers.writeUInt32LE(0x200, optional + 36);   // alignment in the file
    headers.writeUInt32LE(0x2000, optional + 56);  // size of the image
    headers.writeUInt32LE(0x200, optional + 60);   // size of the headers
    headers.writeUInt16LE(10, optional + 68);      // subsystem: UEFI application
    headers.writeUInt32LE(16, optional + 108);     // number of (empty) data directories

    const section = optional + 240;
    headers.write(".text", section, "ascii");
    headers.writeUInt32LE(code.length, section + 8);
    headers.writeUInt32LE(0x1000, section + 12);
    headers.writeUInt32LE(0x200, section + 16);
    headers.writeUInt32LE(0x200, section + 20);
    headers.writeUInt32LE(0x60000020, section + 36); // code, executable, readable
    return Buffer.concat([headers, code, Buffer.alloc(0x200 - code.length)]);
}
