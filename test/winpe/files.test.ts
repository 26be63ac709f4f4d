// What the SDK finds out of a loader, of media and of drivers before anything is sent.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { programInput } from "../../sdk/dist/executable.js";
import { batchInput, driversInput, mediaInput, wimbootInput } from "../../sdk/dist/winPeFiles.js";
import { wimLike, type WimLike } from "./wimFile.ts";

const folder = mkdtempSync(join(tmpdir(), "netboot-winpe-"));
process.env.XDG_CACHE_HOME = join(folder, "cache");
after(() => rmSync(folder, { recursive: true, force: true }));

let made = 0;
/** A directory with these files. */
function directory(files: Record<string, string | Buffer>): string {
    const root = join(folder, `d${made++}`);
    mkdirSync(root);
    for (const [path, content] of Object.entries(files)) {
        mkdirSync(dirname(join(root, path)), { recursive: true });
        writeFileSync(join(root, path), content);
    }
    return root;
}
const media = (wim: Buffer) => directory({ "Boot/BCD": "bcd", "Boot/boot.sdi": "sdi", "sources/boot.wim": wim });
const lookOf = async (wim: WimLike) => (await mediaInput(media(wimLike(wim)))) as any;
const faultOf = async (path: string): Promise<string> => {
    const { fault, problem } = (await mediaInput(path)) as any;
    return fault ?? problem ?? "";
};

test("a directory's files are found in whatever case, and its boot.wim says what it holds", async () => {
    const wim = { images: [{ name: "Windows PE", arch: 9 }, { name: "Setup, for \u00fc", arch: 12 }, { arch: 0 }, { name: "data" }], boot: 2 };
    const root = directory({ "BOOT/bcd": "bcd", "BOOT/BOOT.SDI": "sdi", "boot/other": "", "Sources/Boot.wim": wimLike(wim) });
    const found = (await mediaInput(root)) as any;
    assert.deepEqual([found.bcd.path, found.sdi.name, found.wim.path].map((path: string) => path.replace(`${root}/`, "")), ["BOOT/bcd", "BOOT.SDI", "Sources/Boot.wim"]);
    assert.equal(found.bootIndex, 2);
    assert.deepEqual(found.images, [{ name: "Windows PE", machine: "x86_64" }, { name: "Setup, for ?", machine: "arm64" }, { machine: "x86" }, { name: "data" }]);
    assert.match(found.wim.sha256, /^[0-9a-f]{64}$/);
    assert.deepEqual(await mediaInput(root), found, "once more, out of the cache");
});

test("what is no boot.wim is told from its first bytes", async () => {
    assert.match(await faultOf(media(Buffer.from("MSWIM"))), /no WIM file/);
    assert.match(await faultOf(media(Buffer.alloc(5000))), /no WIM file/);
    assert.match(await faultOf(media(wimLike().subarray(0, 1010))), /cut short: it has 1010 bytes/);
    assert.match((await lookOf({ parts: 2 })).fault, /wimjoin/);
    assert.match((await lookOf({ count: 3 })).fault, /counts 3 images, and which describes 1/);
    const endless = wimLike();
    endless.writeBigUInt64LE(BigInt(11 << 20), 72);
    assert.match(await faultOf(media(Buffer.concat([endless, Buffer.alloc(12 << 20)]))), /which no WIM does/);
    assert.match(await faultOf(directory({ "Boot/BCD": "x" })), /has no file boot\/boot\.sdi and no sources\/boot\.wim/);
    assert.match(await faultOf(directory({ boot: "a file", sources: "another" })), /has no file boot\/bcd and no boot\/boot\.sdi and no sources\/boot\.wim/);
    assert.match(await faultOf(join(folder, "nothing")), /ENOENT/);
    assert.match(((await mediaInput({ path: media(wimLike()), sha256: "0".repeat(64) })) as any).fault, /directory, which has no digest/);
});

test("an ISO image is told by its descriptor, and is the one that the program means", async () => {
    const iso = Buffer.alloc(40_000);
    iso.write("\x01CD001", 32768, "latin1");
    const path = join(directory({ "pe.iso": iso, "text.iso": "no image" }), "pe.iso");
    const { sha256, ...rest } = (await mediaInput(path)) as any;
    assert.deepEqual(rest, { path, size: 40_000 });
    assert.deepEqual(await mediaInput({ path, sha256 }), { path, size: 40_000, sha256 });
    assert.match(((await mediaInput({ path, sha256: "0".repeat(64) })) as any).fault, /and not 0000/);
    assert.match(await faultOf(path.replace("pe.iso", "text.iso")), /neither a directory nor an ISO image/);
    assert.deepEqual(await mediaInput({ master: "/home/admin/pe.iso", sha256 }), { master: "/home/admin/pe.iso", sha256 }, "the master's own is the master's to read");
});

const program = (machine: number) => {
    const head = Buffer.alloc(200);
    head.write("MZ", "latin1");
    head.writeUInt32LE(128, 60);
    head.write("PE\0\0", 128, "latin1");
    head.writeUInt16LE(machine, 132);
    return head;
};

test("a loader is an EFI program, for a processor that its header names", async () => {
    const root = directory({ "x64": program(0x8664), "arm": program(0xaa64), "x86": program(0x14c), "riscv": program(0x5064), "text": "MZ", "far": Buffer.concat([Buffer.from("MZ"), Buffer.alloc(58, 0xff), Buffer.alloc(40, 0xff)]) });
    const look = (name: string) => wimbootInput({ path: join(root, name) });
    assert.deepEqual([(await look("x64")).machine, (await look("arm")).machine, (await look("x86")).machine], ["x86_64", "arm64", "x86"]);
    assert.match((await look("riscv")).fault!, /another processor/);
    for (const name of ["text", "far"]) assert.match((await look(name)).fault!, /no EFI program/);
    assert.match((await look("nothing")).problem!, /ENOENT/);
});

test("a kernel says for which processor it is, where it says so at all", async () => {
    const linux = (flags: number, efi?: number) => {
        const head = Buffer.alloc(1024);
        head.write("HdrS", 0x202, "latin1");
        head[0x236] = flags;
        if (efi !== undefined) program(efi).copy(head);
        return head;
    };
    const root = directory({ "bios32": linux(0), "bios64": linux(1), "x64": linux(1, 0x8664), "arm": program(0xaa64), "other": "ELF or what else" });
    const machines = await Promise.all(["bios32", "bios64", "x64", "arm", "other", "nothing"].map(async (name) => (await programInput(join(root, name))).machine));
    assert.deepEqual(machines, ["x86", "x86_64", "x86_64", "arm64", undefined, undefined]);
});

test("drivers are all files below a directory, but hidden ones", async () => {
    const root = directory({ "net/netkvm.inf": "inf", "net/x64/netkvm.sys": "sys", ".git/config": "x", "net/.hidden": "x" });
    const { files } = await driversInput(`${root}/`);
    assert.deepEqual(files!.map(({ name, size }) => [name, size]), [["net/netkvm.inf", 3], ["net/x64/netkvm.sys", 3]]);
    symlinkSync("nowhere", join(root, "broken.sys"));
    assert.match((await driversInput(root)).problem!, /ENOENT/);
    assert.match((await driversInput(join(root, "nothing"))).problem!, /ENOENT/);
});

test("a batch file's bytes stay what they are, so that what is not ASCII is refused and not changed", async () => {
    const path = join(directory({ "start.cmd": Buffer.from([0x65, 0x81]) }), "start.cmd");
    assert.deepEqual(await batchInput({ path }), { path, text: "e\u0081" });
    assert.equal(await batchInput("wpeutil reboot"), "wpeutil reboot");
    assert.match(((await batchInput({ path: `${path}.no` })) as any).problem, /ENOENT/);
});
