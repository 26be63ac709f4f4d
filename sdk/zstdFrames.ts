import type { Read } from "./imageFormat";

/** Walks from block to block along a zstd file's frames (RFC 8878): whole, it ends where a frame does; and frames that say their content's size say the disk's. */
export async function zstdFault(read: Read, size: number): Promise<{ raw?: number; fault?: string }> {
    const fault = { fault: "is cut short, or damaged: its last zstd frame has no end" };
    let raw: number | undefined = 0;
    let at = 0;
    while (at < size) {
        const head = await read(at, 18);
        if (head.length < 9) return fault;
        const magic = head.readUInt32LE();
        if ((magic & 0xfffffff0) >>> 0 === 0x184d2a50) {
            at += 8 + head.readUInt32LE(4); // a frame to skip
            continue;
        }
        if (magic !== 0xfd2fb528) return { fault: "is damaged: there is no zstd frame where one should begin" };
        const { length, content, checksum } = header(head);
        raw = raw === undefined || content === undefined ? undefined : raw + content;
        at += length;
        for (let last = false; !last; ) {
            const block = await read(at, 3);
            if (block.length < 3) return fault;
            const word = block.readUIntLE(0, 3);
            last = (word & 1) === 1;
            at += 3 + (((word >> 1) & 3) === 1 ? 1 : word >> 3);
        }
        at += checksum ? 4 : 0;
    }
    if (at !== size) return fault;
    if (raw !== undefined && raw % 512 !== 0) return { fault: `holds ${raw} bytes, which is no multiple of 512: it is no disk's image` };
    return { raw };
}

function header(head: Buffer): { length: number; content?: number; checksum: boolean } {
    const descriptor = head[4]!;
    const single = (descriptor & 0x20) !== 0;
    const dictionary = [0, 1, 2, 4][descriptor & 3]!;
    const flag = descriptor >> 6;
    const bytes = [single ? 1 : 0, 2, 4, 8][flag]!;
    const at = 5 + (single ? 0 : 1) + dictionary;
    const content = bytes === 0 ? undefined : bytes === 1 ? head[at]! : bytes === 2 ? head.readUInt16LE(at) + 256 : bytes === 4 ? head.readUInt32LE(at) : Number(head.readBigUInt64LE(at));
    return { length: at + bytes, content, checksum: (descriptor & 4) !== 0 };
}
