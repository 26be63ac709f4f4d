// What the lab reads and makes, without Docker: serial lines, stages, disks, firmware variables.
import assert from "node:assert/strict";
import { test } from "node:test";
import { bootableDisk } from "./disk/image.ts";
import { machineArguments } from "./machine.ts";
import { firmwareStarts, SerialText } from "./serial.ts";
import { differences, type Snapshot } from "./snapshot.ts";
import { stageOf } from "./stages.ts";
import { bootVariables } from "./uefiVariables.ts";

function linesOf(...chunks: string[]): string[] {
    const lines: string[] = [];
    const text = new SerialText((line) => lines.push(line));
    for (const chunk of chunks) text.feed(chunk);
    return text.current ? [...lines, `…${text.current}`] : lines;
}

const serialCases: [string, string[], string[]][] = [
    ["colours", ["\x1b[1m\x1b[37miPXE\x1b[0m ready\r\n"], ["iPXE ready"]],
    ["an escape sequence cut in two", ["one\x1b", "[0", "m two\r\n"], ["one two"]],
    ["backspaces", ["wait...\b \b\b \b\b \bdone\n"], ["waitdone"]],
    ["a percentage that counts up", ["  1%\r  2%\r100%\r\nnext\n"], ["100%", "next"]],
    ["a menu drawn by cursor jumps", ["\x1b[3;1HLocal disk\x1b[4;1HRescue"], ["Local disk", "…Rescue"]],
    ["UEFI's start, after a prompt", ["iPXE> \x1b[2J\x1b[01;01H\x1b[=", "3h\r\n"], ["iPXE>", firmwareStarts, ""]],
];
for (const [name, chunks, lines] of serialCases) test(`serial line: ${name}`, () => assert.deepEqual(linesOf(...chunks), lines));

const stageCases: [string, string | undefined, string?][] = [
    ["SeaBIOS (version 1.16.2-debian-1.16.2-1)", "firmware"],
    ["iPXE> SeaBIOS (version 1.16.2-debian-1.16.2-1)", "firmware"],
    [firmwareStarts, "firmware"],
    ["net0: 10.80.1.50/255.255.255.0 gw 10.80.1.1", "dhcp", "10.80.1.50"],
    ["  Station IP address is 10.80.1.51", "dhcp", "10.80.1.51"],
    ["  NBP filename is snponly.efi", "loader", "snponly.efi"],
    ["  URI: http://10.80.1.2/snponly.efi", "loader", "http://10.80.1.2/snponly.efi"],
    ["tftp://10.80.1.2/undionly.kpxe... ok", "loader", "tftp://10.80.1.2/undionly.kpxe"],
    ["http://10.80.1.2/boot.ipxe?mac=52-54-00-00-00-01... ok", "script", "http://10.80.1.2/boot.ipxe?mac=52-54-00-00-00-01"],
    ["http://10.80.1.2/boot.ipxe... Not found (http://ipxe.org/2d0c613b)", undefined],
    ["http://10.80.1.2/vmlinuz... ok", "kernel", "http://10.80.1.2/vmlinuz"],
    ["[    0.000000] Linux version 6.1.0-26-cloud-amd64 (debian)", "kernel", "Linux version 6.1.0-26-cloud-amd64"],
    ["Probing EDD (edd=off to disable)... oc[    0.000000] Linux version 6.1.0-26-cloud-amd64 (debian)", "kernel", "Linux version 6.1.0-26-cloud-amd64"],
    ["NETBOOT-UP cmdline=quiet a=b", "up", "quiet a=b"],
    ["NETBOOT-UP name=x", undefined],
    ["LOCAL-DISK-BOOTED uefi", "local", "LOCAL-DISK-BOOTED uefi"],
    ["net0: fd77::5054:ff:fe00:1/64", undefined],
];
for (const [line, stage, detail] of stageCases)
    test(`stage of "${line}"`, () => {
        const found = stageOf(line);
        assert.equal(found?.stage, stage);
        if (detail) assert.equal(found?.detail, detail);
    });

test("the disk has a boot sector, and an EFI system partition with the loader where UEFI looks", () => {
    const disk = bootableDisk({ files: { "/EFI/OTHER/NOTE.TXT": Buffer.from("hello") } });
    assert.equal(disk.readUInt16LE(510), 0xaa55);
    assert.ok(disk.includes("LOCAL-DISK-BOOTED bios"));
    assert.deepEqual([disk[450], disk.readUInt32LE(454), disk.readUInt32LE(458)], [0xef, 2048, 32768]);
    const esp = disk.subarray(2048 * 512);
    assert.equal(esp.subarray(54, 62).toString(), "FAT16   ");
    for (const name of ["EFI        ", "BOOT       ", "BOOTX64 EFI", "OTHER      ", "NOTE    TXT", "NETBOOT    "]) assert.ok(esp.includes(name), name);
    assert.ok(esp.includes("hello") && esp.includes("LOCAL-DISK-BOOTED uefi"));
    assert.deepEqual(bootableDisk(), bootableDisk());
});

test("firmware variables: one option a device, and their order", () => {
    const store = bootVariables([{ kind: "pxe", pci: 2, mac: "52:54:00:00:00:01" }, { kind: "disk", pci: 3 }]);
    const wide = (text: string) => Buffer.from(text, "utf16le");
    for (const name of ["Boot0080", "Boot0081", "BootOrder", "lab pxe", "lab disk"]) assert.ok(store.includes(wide(name)), name);
    assert.equal(store.length % 4, 0);
    assert.ok(store.subarray(-8).includes(Buffer.from([0x80, 0, 0x81, 0])));
});

test("a machine's order of boot is an argument to SeaBIOS and beside keys, and not to other UEFI", () => {
    const args = (firmware: "bios" | "uefi" | "secure", boot?: ("pxe" | "disk")[]) => machineArguments({ firmware, mac: "52:54:00:00:00:01", disk: true, boot }).join(" ");
    assert.match(args("bios"), /mac=52:54:00:00:00:01,bootindex=0 .*virtio-blk-pci,drive=disk,addr=3,bootindex=1/);
    assert.match(args("bios", ["disk"]), /mac=52:54:00:00:00:01 .*drive=disk,addr=3,bootindex=0/);
    assert.match(args("secure"), /smm=on .*mac=52:54:00:00:00:01,bootindex=0,romfile= .*drive=disk,addr=3,bootindex=1/);
    assert.doesNotMatch(args("uefi"), /bootindex/);
    assert.match(args("uefi"), /romfile= /);
});

test("differences between two inventories", () => {
    const file = (content: string) => ({ type: "f", mode: "644", owner: "root:root", content });
    const before: Snapshot = { files: new Map([["/a", file("1")], ["/b", file("2")], ["/keep/x", file("3")]]), packages: new Map([["nginx", "1 ii"]]) };
    const after: Snapshot = { files: new Map([["/a", file("9")], ["/c", file("4")], ["/keep/y", file("5")]]), packages: new Map([["nginx", "1 rc"]]) };
    assert.deepEqual(differences(before, after, ["/keep"]).map(({ kind, what }) => `${kind} ${what}`),
        ["changed package nginx", "changed /a", "removed /b", "added /c"]);
    assert.deepEqual(differences(before, before), []);
});
