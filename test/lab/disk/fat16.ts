// A FAT16 file system made in memory: enough for an EFI system partition with one small loader on it.

const sector = 512;
const perCluster = 4;
const clusterSize = sector * perCluster;
const rootEntries = 512;
const entrySize = 32;

export interface FatOptions {
    sectors: number;                     // 16-bit cluster numbers hold from about 17,000 to 262,000 sectors of this geometry
    label: string;
    files: Record<string, Buffer>;       // "/EFI/BOOT/BOOTX64.EFI": each part at most 8.3, upper case
    hiddenSectors?: number;              // where the partition starts
}

interface Node {
    name: string;
    content?: Buffer;
    children: Map<string, Node>;
}

export function fat16({ sectors, label, files, hiddenSectors = 0 }: FatOptions): Buffer {
    const fatSectors = Math.ceil(((sectors / perCluster + 2) * 2) / sector);
    const rootStart = 1 + 2 * fatSectors;
    const dataStart = rootStart + (rootEntries * entrySize) / sector;
    const image = Buffer.alloc(sectors * sector);
    bootSector(image, { sectors, fatSectors, label, hiddenSectors });

    const fat = new Uint16Array(fatSectors * (sector / 2));
    fat[0] = 0xfff8;
    fat[1] = 0xffff;
    let free = 2;

    /** Lays out `content` in clusters of its own and returns the first. */
    const store = (content: Buffer): number => {
        const first = free;
        const count = Math.max(1, Math.ceil(content.length / clusterSize));
        content.copy(image, dataStart * sector + (first - 2) * clusterSize);
        for (let i = 0; i < count; i++) fat[first + i] = i === count - 1 ? 0xffff : first + i + 1;
        free += count;
        return first;
    };
    /** A directory's own cluster is taken before its children's, because they point back at it. */
    const directory = (node: Node, parent: number): number => {
        const own = store(Buffer.alloc(clusterSize));
        const dots = [entry(".          ", 0x10, own, 0), entry("..         ", 0x10, parent, 0)];
        Buffer.concat([...dots, ...entries(node, own)]).copy(image, dataStart * sector + (own - 2) * clusterSize);
        return own;
    };
    const entries = (node: Node, own: number): Buffer[] =>
        [...node.children.values()].map((child) =>
            child.content ? entry(shortName(child.name), 0x20, store(child.content), child.content.length)
                : entry(shortName(child.name), 0x10, directory(child, own), 0));

    const volume = entry(label.toUpperCase().padEnd(11).slice(0, 11), 0x08, 0, 0);
    Buffer.concat([volume, ...entries(tree(files), 0)]).copy(image, rootStart * sector);
    const table = Buffer.from(fat.buffer);
    table.copy(image, sector);
    table.copy(image, sector * (1 + fatSectors));
    return image;
}

function bootSector(image: Buffer, o: { sectors: number; fatSectors: number; label: string; hiddenSectors: number }): void {
    image.set([0xeb, 0x3c, 0x90]);
    image.write("NETBOOT ", 3, "ascii");
    image.writeUInt16LE(sector, 11);
    image.writeUInt8(perCluster, 13);
    image.writeUInt16LE(1, 14);                              // reserved: this sector
    image.writeUInt8(2, 16);                                 // copies of the table
    image.writeUInt16LE(rootEntries, 17);
    if (o.sectors < 0x10000) image.writeUInt16LE(o.sectors, 19);
    else image.writeUInt32LE(o.sectors, 32);
    image.writeUInt8(0xf8, 21);
    image.writeUInt16LE(o.fatSectors, 22);
    image.writeUInt16LE(63, 24);
    image.writeUInt16LE(16, 26);
    image.writeUInt32LE(o.hiddenSectors, 28);
    image.writeUInt8(0x80, 36);
    image.writeUInt8(0x29, 38);
    image.writeUInt32LE(0x6e657462, 39);                     // serial number: the same bytes every time
    image.write(o.label.toUpperCase().padEnd(11).slice(0, 11), 43, "ascii");
    image.write("FAT16   ", 54, "ascii");
    image.writeUInt16LE(0xaa55, 510);
}

function tree(files: Record<string, Buffer>): Node {
    const top: Node = { name: "", children: new Map() };
    for (const [path, content] of Object.entries(files)) {
        const parts = path.split("/").filter(Boolean);
        let at = top;
        for (const [i, name] of parts.entries()) {
            let next = at.children.get(name);
            if (!next) at.children.set(name, (next = { name, children: new Map() }));
            if (i === parts.length - 1) next.content = content;
            at = next;
        }
    }
    return top;
}

function shortName(name: string): string {
    const [base = "", extension = ""] = name.split(".");
    if (base.length > 8 || extension.length > 3) throw new Error(`${name} does not fit a short FAT name`);
    return base.padEnd(8) + extension.padEnd(3);
}

function entry(name: string, attributes: number, cluster: number, size: number): Buffer {
    const bytes = Buffer.alloc(entrySize);
    bytes.write(name, 0, "ascii");
    bytes.writeUInt8(attributes, 11);
    bytes.writeUInt16LE(0x5a21, 24);                         // a fixed date: the image is the same bytes every time
    bytes.writeUInt16LE(cluster, 26);
    bytes.writeUInt32LE(size, 28);
    return bytes;
}
