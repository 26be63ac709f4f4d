// Disk images through the real CLI on a real master: packed in any way they are the same image, a change is sent as a change, and nothing stays.
import assert from "node:assert/strict";
import { createReadStream, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
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
    master = await startMaster(lab, { daemons: true, files: { "/home/admin/classroom.img.xz": readFileSync(files.xz) as any } });
    site = await openSite(lab, master, "");
    // xz-utils wants a library of its own version, and one that was upgraded for it is not put back.
    await master.exec("apt-get update -q && apt-get install -y -q liblzma5");
});
after(async () => {
    site[Symbol.dispose]();
    await lab.close();
});

const image = (name: string, source: unknown, more: object = {}) => `new netboot.DiskImage("${name}", { master: m, source: ${JSON.stringify(source)}, ...${JSON.stringify(more)} });\n`;
const program = (...images: string[]) => `const m = master();\n${images.join("")}`;
const index = async (file: string) => (await served(master, `/images/${sha256Of(file)}/index`)).split("\r\n\r\n")[1]!.trimEnd().split("\n");
const nowhere = async (file: string) => assert.match(await served(master, `/images/${sha256Of(file)}/index`), /404/);
const parts = async (file: string) => (await index(file)).filter((line) => line.startsWith("part "));
/** How often, until the old image went, neither it nor the new one was whole. */
const gaps = (old: string, next: string) => `cd /srv/netboot/http/images; n=0
for i in $(seq 3000); do
  if ! ( cd ${old} && [ -s index ] && sh ./.check ) 2>/dev/null; then if [ -s ${next}/index ]; then echo $n; exit; else n=$((n + 1)); fi; fi
  sleep 0.02
done
echo never`;
/** Bytes that a run sent to the master. */
function counted(): { env: NodeJS.ProcessEnv; bytes(): number } {
    const file = join(lab.folder, "counts");
    rmSync(file, { force: true });
    return { env: { NETBOOT_COUNTS: file }, bytes: () => readFileSync(file, "utf8").trim().split("\n").reduce((sum, line) => sum + JSON.parse(line).bytesOut, 0) };
}

test("raw, gzip, zstd and xz, from here, from a URL and from the master, are the same parts; nothing stays", async (t) => {
    const bare = await master.snapshot();
    const web = createServer((_request, response) => createReadStream(files.gzip).pipe(response));
    await new Promise<void>((go) => web.listen(0, lab.network.gateway, go));
    t.after(() => web.close());
    const url = `http://${lab.network.gateway}:${(web.address() as { port: number }).port}/classroom.img.gz`;
    const sha256 = sha256Of(files.zstd);
    site.program(program(image("raw", files.raw), image("zstd", { path: files.zstd, sha256 }), image("gzip", { url }, { sha256: sha256Of(files.gzip) }), image("xz", { master: "/home/admin/classroom.img.xz" }, { sha256: sha256Of(files.xz) })));
    const preview = await site.run(["preview", "--diff"]);
    assert.match(preview.text, new RegExp(`/srv/netboot/http/images/${sha256}`));
    assert.doesNotMatch(preview.text, /split|xxhsum -H2/, "scripts stay out of what a reviewer reads");
    const up = await site.up();
    t.diagnostic(`up with four images of 128 MiB: ${up.seconds.toFixed(1)} s`);
    const first = await parts(files.raw);
    assert.equal(first.length, 2);
    for (const file of [files.gzip, files.zstd, files.xz]) assert.deepEqual(await parts(file), first, file);
    const { ref, ...outputs } = site.resources().zstd!.outputs;
    assert.deepEqual(ref ?? outputs.__ref, { name: "zstd", masterName: "lab", digest: sha256, size });
    assert.equal(outputs.size, size);
    assert.ok(!JSON.stringify(site.state()).includes("xxhsum -H2"), "scripts stay out of state");
    const chunk = (await master.exec(`head -n 1 /srv/netboot/http/images/${sha256Of(raw)}/part.0`)).trim();
    assert.match(await served(master, `/chunks/${chunk.slice(0, 2)}/${chunk}.zst`), /200 OK/);
    await site.up({ args: ["--refresh", "--expect-no-changes"] });
    await site.destroy();
    assert.equal(inWords(differences(bare, await master.snapshot())), "");
});

test("a faulty file is refused in the preview, and in words", async () => {
    const cut = join(lab.folder, "cut.img.zst");
    writeFileSync(cut, readFileSync(files.zstd).subarray(0, 5 * MIB));
    const faulty: [unknown, RegExp][] = [[cut, /cut\.img\.zst", which is cut short/], [{ path: files.gzip, sha256: "12".repeat(32) }, /which has the SHA-256 \w{64} and not 1212/], ["./nowhere.img", /could not be read \(ENOENT/]];
    for (const [source, words] of faulty) {
        site.program(program(image("faulty", source)));
        assert.match((await site.run(["preview"], { expect: "any" })).text, words);
    }
});

test("an image that does not fit is refused before it is sent", async () => {
    site.program(program());
    await site.up();
    await master.exec("mount -t tmpfs -o size=64m tmpfs /srv/netboot");
    const sent = counted();
    site.program(program(image("classroom", files.zstd)));
    const { text } = await site.up({ expect: "any", env: sent.env });
    assert.match(text, /\/srv\/netboot needs \d+ MiB and \/srv\/netboot has \d+ MiB free/);
    assert.ok(sent.bytes() < MIB, `${sent.bytes()} bytes were sent`);
    await master.exec("umount /srv/netboot");
    await site.destroy();
});

test("a raw image with a change sends the change; the old one serves until the new one is there, and shares its chunks", async (t) => {
    const large = 1024 * MIB;
    const old = disk("old.img", { size: large, gpt: true, pieces });
    const change = 0.01 * large;
    const next = disk("next.img", { size: large, gpt: true, pieces: [...pieces, [300 * MIB, noise("change", change)]] });
    site.program(program(image("classroom", old)));
    const whole = counted();
    const first = await site.up({ env: whole.env });
    const before = whole.bytes();
    const chunks = async () => new Set((await master.exec("cd /srv/netboot/http/chunks && find . -type f")).trim().split("\n"));
    const then = await chunks();

    // What is not whole on the master changes nothing.
    await master.exec("head -c 3000000 /home/admin/classroom.img.xz >/home/admin/cut.img.xz");
    const cut = (await master.exec("sha256sum </home/admin/cut.img.xz")).slice(0, 64);
    site.program(program(image("classroom", { master: "/home/admin/cut.img.xz" }, { sha256: cut })));
    assert.match((await site.up({ expect: "any" })).text, /cut\.img\.xz cannot be unpacked: it is damaged, or cut short/);
    assert.equal((await index(old)).at(-1), "end end");
    assert.deepEqual(await chunks(), then);

    site.program(program(image("classroom", next)));
    const some = counted();
    const watch = master.exec(gaps(sha256Of(old), sha256Of(next)));
    const second = await site.up({ env: some.env });
    assert.equal((await watch).trim(), "0", "there was a moment without a whole image");
    const bytes = some.bytes();
    t.diagnostic(`1 GiB with 16 MiB in it: ${(before / MIB).toFixed(2)} MiB sent, ${first.seconds.toFixed(1)} s; a change of ${(change / MIB).toFixed(2)} MiB: ${(bytes / MIB).toFixed(2)} MiB sent, ${second.seconds.toFixed(1)} s`);
    assert.ok(before < 19 * MIB && bytes < 1.5 * change, `${before}, ${bytes}`);
    const now = await chunks();
    assert.ok([...then].every((path) => now.has(path)) && now.size === then.size + 6, `${then.size} chunks, then ${now.size}`);
    await nowhere(old);
    assert.equal((await index(next)).at(-1), "end end");

    site.program(program(image("classroom", old)));
    await site.up();
    assert.deepEqual(await chunks(), then, "the chunks that nobody names any more are gone");
    await nowhere(next);
    await site.destroy();
    assert.equal((await master.tryExec("ls -A /srv /var/lib/netboot")).stdout.trim(), "/srv:");
});
