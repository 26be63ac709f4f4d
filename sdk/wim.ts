import type { Processor } from "./executable";

/** What a header says of a boot.wim ([MS-WIM]). */

export interface Look {
    bootIndex?: number;
    images?: { name?: string; machine?: Processor }[];
    fault?: string;
}

const HEADER = 208;
const take = "take boot.wim from Windows installation media or from the Windows ADK";

/** Reads the header and the XML that follows the images: which there are, which one is bootable, and for which processor each is. */
export async function wimLook(read: (at: number, length: number) => Promise<Buffer>, size: number): Promise<Look> {
    const header = await read(0, HEADER);
    if (header.length < HEADER || header.toString("latin1", 0, 8) !== "MSWIM\0\0\0") return { fault: `has a boot.wim that is no WIM file: ${take}` };
    if (header.readUInt16LE(42) > 1) return { fault: "has a boot.wim that is one part of a WIM in several files: put it together with `wimjoin`, and give the whole" };
    const [at, length] = [Number(header.readBigUInt64LE(80)), Number(header.readBigUInt64LE(72) & 0xffffffffffffffn)];
    if (at + length > size) return { fault: `has a boot.wim that is cut short: it has ${size} bytes, and what describes its images ends at ${at + length}` };
    if (length > 10 << 20) return { fault: `has a boot.wim that describes its images in ${length} bytes, which no WIM does: ${take}` };
    const images = imagesIn((await read(at, length)).toString("utf16le"));
    const count = header.readUInt32LE(44);
    if (images.length !== count) return { fault: `has a boot.wim whose header counts ${count} images, and which describes ${images.length}: it is damaged; ${take}` };
    return { bootIndex: header.readUInt32LE(120), images };
}

const MACHINES: Record<string, Processor> = { 0: "x86", 9: "x86_64", 12: "arm64" };

function imagesIn(xml: string): NonNullable<Look["images"]> {
    const images = [...xml.matchAll(/<IMAGE\s+INDEX="(\d+)"\s*>(.*?)<\/IMAGE>/gs)].sort(([, a], [, b]) => Number(a) - Number(b));
    return images.map(([, , body]) => {
        const name = /<NAME>([^<]*)<\/NAME>/.exec(body!)?.[1];
        const machine = MACHINES[/<ARCH>\s*(\d+)\s*<\/ARCH>/.exec(body!)?.[1] ?? ""];
        return { ...(name && { name: name.replace(/[^ -~]/g, "?").slice(0, 100) }), ...(machine && { machine }) };
    });
}
