// Disk images through the real CLI on a real master: packed in any way they are the same image, a change is sent as a change, and nothing stays.
import assert from "node:assert/strict";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { disk, MIB, noise, packed, type Piece, sha256Of } from "../image/disk.ts";
import { type Lab, openLab } from "../lab/lab.ts";
import { type Master, startMaster } from "../lab/master.ts";
import { differences, inWords } from "../lab/snapshot.ts";
import { openSite, served, type Site } from "./cli.ts";

const size = 128 * MIB;
const pieces: Piece[] = [[MIB, noise("system", 12 * MIB)], [70 * MIB, noise("home", 4 * MIB)]];
const raw = disk("classroom.img", { size, gpt: true, pieces });
const files = { raw, gzip: packed(raw, "gzip"), zstd: packed(raw, "zstd"), xz: packed(raw, "xz", "-0") };

let lab: Lab;
let master: Master;
let site: Site;
before(async () => {
    lab = await openLab();
    master = await startMaster(lab, { files: { "/home/admin/classroom.img.xz": readFileSync(files.xz) as any } });
    site = await openSite(lab, master, "");
});
after(async () => {
    site[Symbol.dispose]();
    await lab.close();
});

const image = (name: string, source: unknown, more: object = {}) => `new netboot.DiskImage("${name}", { master: m, source: ${JSON.stringify(source)}, ...${JSON.stringify(more)} });\n`;
const program = (...images: string[]) => `const m = master();\n${images.join("")}`;
const index = async (file: string) => (await served(master, `/images/${sha256Of(file)}/index`)).split("\r\n\r\n")[1]!.trimEnd().split("\n");
const parts = async (file: string) => (await index(file)).filter((line) => line.startsWith("part "));
/** Bytes that a run sent to the master. */
function counted(): { env: NodeJS.ProcessEnv; bytes(): number } {
    const file = join(lab.folder, "counts");
    rmSync(file, { force: true });
    return { env: { NETBOOT_COUNTS: file }, bytes: () => readFileSync(file, "utf8").trim().split("\n").reduce((sum, line) => sum + JSON.parse(line).bytesOut, 0) };
}

test("raw, gzip, zstd and xz, from here and from the master, are the same parts; a faulty file is refused in the preview; nothing stays", async (t) => {
    const bare = await master.snapshot();
    site.program(program(image("raw", files.raw), image("gzip", files.gzip), image("zstd", { path: files.zstd, sha256: sha256Of(files.zstd) }), image("xz", { master: "/home/admin/classroom.img.xz" }, { sha256: sha256Of(files.xz) })));
    const preview = await site.run(["preview", "--diff"]);
    assert.match(preview.text, new RegExp(`/srv/netboot/http/images/${sha256Of(files.zstd)}`));
    assert.doesNotMatch(preview.text, /split|xxhsum -H2/, "scripts stay out of what a reviewer reads");
    const up = await site.up();
    t.diagnostic(`up with four images of 128 MiB: ${up.seconds.toFixed(1)} s`);
    const first = await parts(files.raw);
    assert.equal(first.length, 2);
    for (const file of [files.gzip, files.zstd, files.xz]) assert.deepEqual(await parts(file), first, file);
    const { ref, ...outputs } = site.resources().zstd!.outputs;
    assert.deepEqual(ref ?? outputs.__ref, { name: "zstd", digest: sha256Of(files.zstd), size });
    assert.equal(outputs.size, size);
    assert.ok(!JSON.stringify(site.state()).includes("xxhsum -H2"), "scripts stay out of state");
    const chunk = (await master.exec(`head -n 1 /srv/netboot/http/images/${sha256Of(raw)}/part.0`)).trim();
    assert.match(await served(master, `/chunks/${chunk.slice(0, 2)}/${chunk}.zst`), /200 OK/);
    await site.up({ args: ["--refresh", "--expect-no-changes"] });

    const cut = join(lab.folder, "cut.img.zst");
    writeFileSync(cut, readFileSync(files.zstd).subarray(0, 5 * MIB));
    const faulty: [unknown, RegExp][] = [[cut, /cut\.img\.zst", which is cut short/], [{ path: files.gzip, sha256: "12".repeat(32) }, /which has the SHA-256 \w{64} and not 1212/], ["./nowhere.img", /could not be read \(ENOENT/]];
    for (const [source, words] of faulty) {
        site.program(program(image("faulty", source)));
        assert.match((await site.run(["preview"], { expect: "any" })).text, words);
    }

    await site.destroy();
    assert.equal(inWords(differences(bare, await master.snapshot())), "");
});

test("a raw image with a change sends the change; the new image is there before the old one goes, and shares its chunks", async (t) => {
    const next = disk("next.img", { size, gpt: true, pieces: [...pieces, [71 * MIB, noise("change", 1.28 * MIB)]] });
    site.program(program(image("classroom", raw)));
    const whole = counted();
    await site.up({ env: whole.env });
    const before = whole.bytes();
    const chunks = async () => new Set((await master.exec("cd /srv/netboot/http/chunks && find . -type f")).trim().split("\n"));
    const old = await chunks();
    site.program(program(image("classroom", next)));
    const some = counted();
    await site.up({ env: some.env });
    const bytes = some.bytes();
    t.diagnostic(`${(before / MIB).toFixed(2)} MiB sent for ${size / MIB} MiB with 16 MiB in them; ${(bytes / MIB).toFixed(2)} MiB for a change of 1.28 MiB (in 2 blocks of 2 MiB)`);
    assert.ok(before < 19 * MIB && bytes < 4.5 * MIB, `${before}, ${bytes}`);
    const now = await chunks();
    assert.ok([...old].filter((path) => now.has(path)).length >= old.size - 2 && now.size <= old.size + 1, "the chunks of the old image that nobody names are gone");
    assert.match(await served(master, `/images/${sha256Of(raw)}/index`), /404/);
    assert.equal((await index(next)).at(-1), "end end");
    await site.destroy();
    assert.equal((await master.tryExec("ls -A /srv /var/lib/netboot")).stdout.trim(), "/srv:");
});
