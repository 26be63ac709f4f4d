// The beginning and the end of a WIM, as far as a preview reads it ([MS-WIM], 2.1): a header, and XML about the images.
export interface WimLike {
    images?: { name?: string; arch?: number }[];
    boot?: number;
    count?: number;
    parts?: number;
}

export function wimLike({ images = [{ name: "Windows PE", arch: 9 }], boot = 1, count = images.length, parts = 1 }: WimLike = {}): Buffer {
    const body = images.map(({ name, arch }, i) => `<IMAGE INDEX="${i + 1}">${arch === undefined ? "" : `<WINDOWS><ARCH>${arch}</ARCH></WINDOWS>`}${name === undefined ? "" : `<NAME>${name}</NAME>`}</IMAGE>`).join("");
    const xml = Buffer.from(`\ufeff<WIM><TOTALBYTES>1000</TOTALBYTES>${body}</WIM>`, "utf16le");
    const header = Buffer.alloc(208);
    header.write("MSWIM\0\0\0", "latin1");
    header.writeUInt32LE(208, 8);
    header.writeUInt32LE(0x10d00, 12);
    header.writeUInt16LE(1, 40);
    header.writeUInt16LE(parts, 42);
    header.writeUInt32LE(count, 44);
    header.writeBigUInt64LE(BigInt(xml.length) | (2n << 56n), 72);      // length, and a flag in the eighth byte
    header.writeBigUInt64LE(1000n, 80);
    header.writeUInt32LE(boot, 120);
    return Buffer.concat([header, Buffer.alloc(792), xml]);
}
