// What the SDK finds out of a local image before anything is sent.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { imageInput } from "../../sdk/dist/imageFile.js";
import { disk, folder, MIB, noise, packed, sha256Of, type Packer } from "./disk.ts";

const cache = mkdtempSync(join(tmpdir(), "netboot-digests-"));
process.env.XDG_CACHE_HOME = cache;
after(() => rmSync(cache, { recursive: true, force: true }));

const run = (tool: string, ...args: string[]) => execFileSync(tool, ["-c", ...args], { maxBuffer: 64 * MIB });
const small = disk("small", { size: 8 * MIB, pieces: [[2 * MIB, noise("x", 3 * MIB)]] });
const put = (name: string, content: Buffer | string): string => {
    const path = join(folder, name);
    writeFileSync(path, content);
    return path;
};
const faultOf = async (path: string): Promise<string> => {
    const { fault, problem, sha256 } = await imageInput(path);
    assert.equal(sha256, undefined, `${path} is taken for whole`);
    return fault ?? problem ?? "";
};

test("formats are told by content, with the size of the disk where the file says it", async () => {
    const raw = 8 * MIB;
    const about = (path: string) => ({ path, sha256: sha256Of(path), size: readFileSync(path).length });
    assert.deepEqual(await imageInput(small), { ...about(small), format: "raw", raw });
    const cases: [string, object][] = [
        [packed(small, "gzip"), { format: "gzip" }],
        [packed(small, "zstd"), { format: "zstd", raw }],
        [put("many.zst", Buffer.concat([run("zstd", "--no-check", small), Buffer.from("502a4d1803000000616263", "hex"), run("zstd", small)])), { format: "zstd", raw: 2 * raw }],
        [put("stream.zst", run("sh", `cat ${small} | zstd -c`)), { format: "zstd" }],
        [packed(small, "xz", "-0"), { format: "xz", raw }],
        [put("many.xz", Buffer.concat([run("xz", "-0", "--block-size=1MiB", small), Buffer.alloc(8), run("xz", "-0", small)])), { format: "xz", raw: 2 * raw }],
        [disk("gpt", { size: 8 * MIB, gpt: true }), { format: "raw", raw }],
    ];
    for (const [path, found] of cases) assert.deepEqual(await imageInput(path), { ...about(path), ...found });
});

test("a file that was cut short is told from a whole one without unpacking it", async () => {
    for (const packer of ["gzip", "zstd", "xz"] as Packer[]) {
        const bytes = readFileSync(packed(small, packer));
        for (const length of [19, 1000, 1_000_001, bytes.length - 5, bytes.length - 1]) assert.match(await faultOf(put(`cut.${length}.${packer}`, bytes.subarray(0, length))), /cut short/, `${packer} ${length}`);
    }
    assert.match(await faultOf(put("cut", readFileSync(small).subarray(0, 4 * MIB))), /number 1\) that ends at byte 8388608, behind the image's end at 4194304: it is cut short/);
    assert.match(await faultOf(put("odd", readFileSync(small).subarray(0, 8 * MIB - 1))), /8388607 bytes, which is no multiple of 512/);
});

test("what is no image of a whole disk says what it is instead", async () => {
    assert.match(await faultOf(put("text", "a text\n".repeat(1000))), /^has no partition table .* or is packed in a way that is not known here/);
    assert.match(await faultOf(put("qcow", Buffer.from("514649fb00000003", "hex"))), /^is a qcow2 image: .*qemu-img convert -O raw/);
    assert.match(await faultOf(put("bz2", "BZh91AY")), /^is packed with bzip2/);
    assert.match(await faultOf(packed(put("odd", Buffer.alloc(1000)), "zstd")), /^holds 1000 bytes, which is no multiple of 512/);
    assert.match(await faultOf(disk("early", { size: 8 * MIB, first: 63 })), /partition \(number 1\) in the last 8 KiB of the first MiB/);
    assert.match(await faultOf(disk("early-gpt", { size: 8 * MIB, first: 34, gpt: true })), /partition \(number 1\) in the last 8 KiB/);
    assert.match(await faultOf(disk("stamp", { size: 8 * MIB, pieces: [[1_040_384, Buffer.from("x")]] })), /something in its last 8 KiB before the first MiB/);
    assert.match(await faultOf(disk("tiny", { size: MIB })), /smaller than 4 MiB/);
    assert.match(await faultOf(folder), /no file/);
    assert.match(await faultOf(join(folder, "nowhere")), /ENOENT/);
    assert.deepEqual(await imageInput(put("empty", "")), { path: join(folder, "empty"), size: 0 });
});

test("another digest than the program's is a fault; what the master reads is left to it", async () => {
    assert.match((await imageInput({ path: small, sha256: "12".repeat(32) })).fault ?? "", /has the SHA-256 \w{64} and not 1212/);
    assert.deepEqual(await imageInput({ url: "http://x/y", sha256: "12".repeat(32) }), { url: "http://x/y", sha256: "12".repeat(32) });
});
