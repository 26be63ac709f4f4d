import type { Read } from "./imageFormat";

const fault = { fault: "is cut short, or damaged: its end is not that of an xz file" };

/** Reads the index at the end of an xz file, stream by stream from the last one: it says how long each is, and how many bytes it holds. */
export async function xzFault(read: Read, size: number): Promise<{ raw?: number; fault?: string }> {
    let raw = 0;
    for (let end = size; end > 0; ) {
        const footer = await read(end - 12, 12);
        if (end < 32 || footer.length < 12) return fault;
        // Between streams there may be zeros, four at a time.
        if (footer.readUInt32LE(8) === 0) {
            end -= 4;
            continue;
        }
        if (footer.toString("latin1", 10) !== "YZ") return fault;
        const bytes = (footer.readUInt32LE(4) + 1) * 4;
        const index = Buffer.from(await read(end - 12 - bytes, bytes));
        const sums = index.length === bytes && index[0] === 0 ? records(index) : undefined;
        if (!sums) return fault;
        end -= 12 + bytes + sums.packed + 12;
        if (end < 0 || (await read(end, 6)).toString("hex") !== "fd377a585a00") return fault;
        raw += sums.content;
    }
    return raw % 512 === 0 ? { raw } : { fault: `holds ${raw} bytes, which is no multiple of 512: it is no disk's image` };
}

/** The sums over all blocks: bytes in the file, padded to four, and bytes of content. */
function records(index: Buffer): { packed: number; content: number } | undefined {
    let at = 1;
    const number = (): number => {
        let value = 0;
        for (let shift = 1; at < index.length; shift *= 128) {
            const byte = index[at++]!;
            value += (byte & 127) * shift;
            if (byte < 128) return value;
        }
        return NaN;
    };
    const count = number();
    let packed = 0;
    let content = 0;
    for (let i = 0; i < count; i++) {
        packed += Math.ceil(number() / 4) * 4;
        content += number();
    }
    return Number.isSafeInteger(packed) && Number.isSafeInteger(content) && count > 0 ? { packed, content } : undefined;
}
