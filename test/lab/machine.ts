// The machine that a client is: QEMU's arguments. Pure.

export interface Hardware {
    firmware: "bios" | "uefi";
    mac: string;
    uuid?: string;
    serial?: string;
    memory?: number;                     // MiB
    cpus?: number;
    nic?: "virtio-net-pci" | "e1000";
    /** UEFI normally boots by the firmware's own PXE; with this by the card's option ROM, which is iPXE. A BIOS always does. */
    optionRom?: boolean;
    disk?: boolean;
    /** The order in which the firmware tries them; default the network, then the disk. */
    boot?: ("network" | "disk")[];
}

/** A monitor, reached from inside the container only. */
export const monitorSocket = "/run/monitor.sock";

export function machineArguments(hardware: Hardware): string[] {
    const { firmware, mac, uuid, serial, memory = 512, cpus = 1, nic = "virtio-net-pci", optionRom = firmware === "bios", boot = ["network", "disk"] } = hardware;
    const index = (what: "network" | "disk") => (boot.includes(what) ? `,bootindex=${boot.indexOf(what)}` : "");
    const identity = [uuid && `uuid=${uuid}`, serial && `serial=${serial}`].filter(Boolean);
    return [
        // graphics=off: BIOS and iPXE write to the serial port only when there is no screen.
        ["-machine", "q35,graphics=off"], ["-accel", "tcg"], ["-m", `${memory}`], ["-smp", `${cpus}`],
        ["-nodefaults"], ["-display", "none"], ["-device", "virtio-rng-pci"],
        ["-chardev", "stdio,id=serial,signal=off"], ["-serial", "chardev:serial"],
        ["-qmp", `unix:${monitorSocket},server=on,wait=off`],
        ["-netdev", "tap,id=link,ifname=t0,script=no,downscript=no"],
        ["-device", `${nic},netdev=link,id=nic,mac=${mac}${index("network")}${optionRom ? "" : ",romfile="}`],
        ...(identity.length ? [["-smbios", `type=1,${identity.join(",")}`]] : []),
        ...(firmware === "uefi" ? uefi : []),
        ...(hardware.disk ? disk(index("disk")) : []),
        ["-boot", "strict=on"],
    ].flat();
}

const uefi = [
    ["-drive", "if=pflash,unit=0,format=raw,readonly=on,file=/usr/share/OVMF/OVMF_CODE_4M.fd"],
    ["-drive", "if=pflash,unit=1,format=raw,file=/machine/vars.fd"],
    // Else each boot that does not end at the network's IPv4 goes on to wait for IPv6.
    ["-fw_cfg", "name=opt/org.tianocore/IPv6PXESupport,string=n"],
];

const disk = (index: string) => [
    // unsafe: a machine of the lab may forget all at its end, so the disk need not wait for this machine's own.
    ["-drive", "if=none,id=disk,format=raw,file=/machine/disk.img,cache=unsafe,discard=unmap"],
    ["-device", `virtio-blk-pci,drive=disk${index}`],
];
