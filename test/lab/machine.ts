// The machine that a client is: QEMU's arguments, and what a UEFI machine remembers from before. Pure.
import { type BootDevice, bootVariables } from "./uefiVariables.ts";

export interface Hardware {
    /** "secure" is UEFI that starts only what Microsoft's keys vouch for; "arm64" a machine of another kind altogether. */
    firmware: "bios" | "uefi" | "secure" | "arm64";
    mac: string;
    uuid?: string;
    serial?: string;
    memory?: number;                     // MiB
    cpus?: number;
    nic?: "virtio-net-pci" | "e1000";
    /** UEFI boots by the firmware's own PXE; with this by the card's option ROM, which is iPXE: so does a BIOS, and an e1000, which OVMF has no driver for. */
    optionRom?: boolean;
    disk?: boolean;
    /** What the firmware tries, in this order; "http" is UEFI's own HTTP boot. Default: "pxe", then "disk". */
    boot?: ("pxe" | "http" | "disk")[];
    /** Starts the files /machine/kernel and /machine/initrd with these arguments, and asks neither network nor disk. */
    kernel?: string;
    /** What is wrong with the disk: settings of QEMU's blkdebug ("inject-error.0.sector=8192"), or that it cannot be written. */
    faults?: string[] | "read-only";
    /** Further arguments for QEMU, for what only one test wants of a machine. */
    more?: string[];
}

/** A monitor, reached from inside the container only. */
export const monitorSocket = "/run/monitor.sock";
const slots = { nic: 2, disk: 3 };

export function machineArguments(hardware: Hardware): string[] {
    const { firmware, mac, uuid, serial, memory = 512, cpus = 1, nic = "virtio-net-pci", optionRom = firmware === "bios" || nic === "e1000" } = hardware;
    const order = bootOrder(hardware);
    // To SeaBIOS the order is an argument, and to UEFI whose store is full of keys; else UEFI has it in its variables.
    const index = (what: "pxe" | "disk") => ((firmware === "bios" || firmware === "secure") && hardware.kernel === undefined && order.includes(what) ? `,bootindex=${order.indexOf(what)}` : "");
    const identity = [uuid && `uuid=${uuid}`, serial && `serial=${serial}`].filter(Boolean);
    return [
        ...board(firmware), ["-accel", "tcg"], ["-m", `${memory}`], ["-smp", `${cpus}`],
        ["-nodefaults"], ["-display", "none"],
        ["-chardev", "stdio,id=serial,signal=off"], ["-serial", "chardev:serial"],
        ["-qmp", `unix:${monitorSocket},server=on,wait=off`],
        ["-netdev", "tap,id=link,ifname=t0,script=no,downscript=no"],
        ["-device", `${nic},netdev=link,id=nic,addr=${slots.nic},mac=${mac}${index("pxe")}${optionRom ? "" : ",romfile="}`],
        ...(identity.length ? [["-smbios", `type=1,${identity.join(",")}`]] : []),
        ...(hardware.disk ? disk(index("disk"), hardware.faults) : []),
        ...(hardware.kernel === undefined ? [] : [["-kernel", "/machine/kernel"], ["-initrd", "/machine/initrd"], ["-append", hardware.kernel]]),
        ...(firmware === "bios" ? [["-boot", "strict=on"]] : flash(firmware)),
        hardware.more ?? [],
    ].flat();
}

/** What goes into the UEFI variable store before the first start. */
export function firmwareMemory(hardware: Hardware): Buffer {
    // Keys fill the store of the one, and the other's is laid out in another way: it tries its card by itself.
    if (hardware.firmware === "secure" || hardware.firmware === "arm64") return Buffer.alloc(0);
    const device = (what: "pxe" | "http" | "disk"): BootDevice =>
        what === "disk" ? { kind: what, pci: slots.disk } : { kind: what, pci: slots.nic, mac: hardware.mac };
    return bootVariables(bootOrder(hardware).map(device));
}

function bootOrder({ boot = ["pxe", "disk"], disk, firmware }: Hardware) {
    return boot.filter((what) => (what === "disk" ? disk : what === "pxe" || firmware !== "bios"));
}

type Firmware = Hardware["firmware"];
const CODE = { uefi: "OVMF/OVMF_CODE_4M.fd", secure: "OVMF/OVMF_CODE_4M.ms.fd", arm64: "AAVMF/AAVMF_CODE.fd" };
const STORES = { bios: "", uefi: "OVMF/OVMF_VARS_4M.fd", secure: "OVMF/OVMF_VARS_4M.ms.fd", arm64: "AAVMF/AAVMF_VARS.fd" };

/** What starts the machine, and the empty store of its variables. */
export const machineEnvironment = (firmware: Firmware): Record<string, string> => ({ QEMU: firmware === "arm64" ? "qemu-system-aarch64" : "qemu-system-x86_64", STORE: STORES[firmware] && `/usr/share/${STORES[firmware]}` });

function board(firmware: Firmware): string[][] {
    if (firmware === "arm64") return [["-machine", "virt"], ["-cpu", "cortex-a57"]];
    // graphics=off: BIOS and iPXE write to the serial port only when there is no screen. Keys are safe from the system in what only the firmware's own mode can write.
    // Without cmpxchg16b, after which QEMU 7.2 gives back wrong flags when a timer comes between: Linux 6.12 uses it, and panics.
    const x86 = [["-cpu", "qemu64,-cx16"]];
    return firmware === "secure" ? [["-machine", "q35,graphics=off,smm=on"], ["-global", "driver=cfi.pflash01,property=secure,value=on"], ...x86] : [["-machine", "q35,graphics=off"], ...x86];
}

const flash = (firmware: Exclude<Firmware, "bios">) => [
    ["-drive", `if=pflash,unit=0,format=raw,readonly=on,file=/usr/share/${CODE[firmware]}`],
    ["-drive", "if=pflash,unit=1,format=raw,file=/machine/vars.fd"],
    // Else a boot that does not end at the network's IPv4 or the disk goes on to wait for IPv6.
    ["-fw_cfg", "name=opt/org.tianocore/IPv6PXESupport,string=n"],
];

function disk(index: string, faults: Hardware["faults"]): string[][] {
    const file = "/machine/disk.img";
    const how = Array.isArray(faults) ? [`file.driver=blkdebug,file.image.driver=file,file.image.filename=${file}`, ...faults.map((fault) => `file.${fault}`)] : [`file=${file}`, ...(faults ? ["readonly=on"] : [])];
    return [
        // unsafe: a machine of the lab may forget all at its end, so the disk need not wait for this machine's own.
        ["-drive", ["if=none,id=disk,format=raw,cache=unsafe,discard=unmap", ...how].join(",")],
        ["-device", `virtio-blk-pci,drive=disk,addr=${slots.disk}${index}`],
    ];
}
