// A UEFI machine's own memory of what to boot, in the order given: BootOrder and its Boot#### variables, written into the
// empty variable store of OVMF before the first start. QEMU's own way (bootindex) names devices only, and a card is two boot
// options: after PXE, UEFI would try HTTP boot on it for more than a minute before it comes to the disk. A real machine has
// that switched off in its set-up. Options that are not named here are still tried, but last. Pure.

/** Where the first variable goes in OVMF_VARS_4M.fd: after the headers of the volume and of the store. */
export const firstVariable = 0x64;

export type BootDevice = { kind: "pxe" | "http"; pci: number; mac: string } | { kind: "disk"; pci: number };

const number16 = (value: number) => Buffer.from([value & 255, value >> 8]);
const wide = (text: string) => Buffer.from(`${text}\0`, "utf16le");
const globalVariable = Buffer.from("61dfe48bca93d211aa0d00e098032b8c", "hex");

export function bootVariables(devices: BootDevice[]): Buffer {
    const first = 0x80;                            // above the numbers that OVMF gives to what it finds by itself
    return Buffer.concat([
        ...devices.map((device, i) => variable(`Boot${(first + i).toString(16).toUpperCase().padStart(4, "0")}`, loadOption(device))),
        variable("BootOrder", Buffer.concat(devices.map((_, i) => number16(first + i)))),
    ]);
}

/** One record of the store, as edk2's authenticated variables are kept. */
function variable(name: string, data: Buffer): Buffer {
    const header = Buffer.alloc(60);
    header.writeUInt16LE(0x55aa, 0);
    header.writeUInt8(0x3f, 2);                    // written whole
    header.writeUInt32LE(7, 4);                    // non-volatile, for boot services, at run time
    header.writeUInt32LE(wide(name).length, 36);
    header.writeUInt32LE(data.length, 40);
    globalVariable.copy(header, 44);
    const record = Buffer.concat([header, wide(name), data]);
    return Buffer.concat([record, Buffer.alloc(-record.length & 3, 0xff)]);
}

function loadOption(device: BootDevice): Buffer {
    const path = Buffer.concat([...devicePath(device), node(0x7f, 0xff)]);
    const active = Buffer.from([1, 0, 0, 0]);
    return Buffer.concat([active, number16(path.length), wide(`lab ${device.kind}`), path]);
}

function devicePath(device: BootDevice): Buffer[] {
    const slot = [node(2, 1, Buffer.from("d041030a00000000", "hex")), node(1, 1, Buffer.from([0, device.pci]))];
    if (device.kind === "disk") return slot;
    const mac = Buffer.concat([Buffer.from(device.mac.replaceAll(":", ""), "hex"), Buffer.alloc(26), Buffer.from([1])]);
    const ipv4 = Buffer.alloc(23);
    return [...slot, node(3, 11, mac), node(3, 12, ipv4), ...(device.kind === "http" ? [node(3, 24)] : [])];
}

const node = (type: number, subtype: number, data: Buffer = Buffer.alloc(0)) =>
    Buffer.concat([Buffer.from([type, subtype]), number16(4 + data.length), data]);
