/** The last 8 KiB of the first MiB: cloning keeps its stamp there (docs/cloning-protocol.md). */
const STAMP = { from: 1_040_384, to: 1_048_576 };

/** What keeps a raw image from being one of a whole disk that can be cloned; `first` is its first 64 KiB. The end of a sentence, as `table.awk` says it on the master. */
export function tableFault(first: Buffer, size: number): string | undefined {
    const short = size % 512 !== 0 ? `has ${size} bytes, which is no multiple of 512: it is cut short, or is no disk's` : size < 4 * 1024 * 1024 ? "is smaller than 4 MiB" : undefined;
    if (first.length < 512 || first[510] !== 0x55 || first[511] !== 0xaa) return "has no partition table (bytes 510 and 511 are not 55 AA), or is packed in a way that is not known here: give an image of a whole disk, raw or packed with gzip, zstd or xz";
    if (short) return short;
    let gpt = false;
    const spans: Span[] = [];
    for (let i = 0; i < 4; i++) {
        const entry = first.subarray(446 + i * 16, 462 + i * 16);
        if (entry[0] !== 0 && entry[0] !== 0x80) return "has no partition table: it may be the image of a single partition, and one of a whole disk is wanted";
        if (entry[4] === 0xee) gpt = true;
        else if (entry[4] !== 0) spans.push({ number: i + 1, from: entry.readUInt32LE(8) * 512, to: (entry.readUInt32LE(8) + entry.readUInt32LE(12)) * 512 });
    }
    const found = gpt ? gptSpans(first) : [];
    if (typeof found === "string") return found;
    for (const { number, from, to } of [...spans, ...found]) {
        if (from < STAMP.to && to > STAMP.from) return `has a partition (number ${number}) in the last 8 KiB of the first MiB, which cloning needs for its own use: let it begin at 1 MiB`;
        if (to > size) return `has a partition (number ${number}) that ends at byte ${to}, behind the image's end at ${size}: it is cut short`;
    }
    return undefined;
}

interface Span {
    number: number;
    from: number;
    to: number;
}

function gptSpans(first: Buffer): Span[] | string {
    const sector = [512, 4096].find((bytes) => first.toString("latin1", bytes, bytes + 8) === "EFI PART");
    if (!sector) return "has a GPT without a header";
    const at = Number(first.readBigUInt64LE(sector + 72)) * sector;
    const count = first.readUInt32LE(sector + 80);
    const bytes = first.readUInt32LE(sector + 84);
    if (bytes < 128 || at + count * bytes > first.length) return "has its partition table where nobody puts one";
    const entries = Array.from({ length: count }, (_, i) => first.subarray(at + i * bytes, at + (i + 1) * bytes));
    return entries.flatMap((entry, i) => (entry.subarray(0, 16).every((byte) => byte === 0) ? [] : [{ number: i + 1, from: Number(entry.readBigUInt64LE(32)) * sector, to: (Number(entry.readBigUInt64LE(40)) + 1) * sector }]));
}
