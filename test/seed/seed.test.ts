// What cases cannot say of seeds: what a shell makes of CONFIG, when an instance is a new one, what is read from disk, and what stays secret.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { iso } from "../../provider/dist/seed/iso.js";
import { cloudInitInput } from "../../sdk/dist/cloudInit.js";
import { type DynamicProvider, startDynamicProvider } from "../adapter/dynamicProvider.ts";
import { handle, image, machine, master, onMaster } from "../adapter/inputs.ts";
import { judged } from "../resources/resource.ts";
import { resolved } from "../resources/cases.ts";

const folder = mkdtempSync(join(tmpdir(), "netboot-seed-"));
let provider: DynamicProvider;
before(async () => void (provider = await startDynamicProvider(join(import.meta.dirname, "..", ".."))));
after(() => {
    provider.stop();
    rmSync(folder, { recursive: true });
});

const below = "/srv/netboot/http/seed/n1";
const seed = (cloudInit: any): Record<string, string> => {
    const { failures, desired } = judged("Machine", resolved({ name: "n1", master: "@master", mac: "52:54:00:00:00:01", boot: { kind: "kernel", image: "@image" }, cloudInit }) as any);
    assert.deepEqual(failures, []);
    return Object.fromEntries(Object.entries(desired!.state.files as Record<string, string>).flatMap(([path, text]) => (path.startsWith(below) ? [[path.slice(below.length + 1), text]] : [])));
};

test("a shell that sources CONFIG has the values as they were given", () => {
    const config = { PLAIN: "a", QUOTE: `it's "$HOME" \`id\` $(id) \\`, LINES: "a\nb", EMPTY: "", NUMBER: 5, TRUE: true };
    writeFileSync(join(folder, "CONFIG"), seed({ config }).CONFIG!);
    for (const [name, value] of Object.entries(config)) assert.equal(execFileSync("sh", ["-c", `. ./CONFIG; printf %s "$${name}"`], { cwd: folder, encoding: "utf8" }), String(value));
});

test("the filter sh makes one word of anything", () => {
    const script = seed({ userData: "#!/bin/sh\nprintf %s {{ config.A | sh }}\n", config: { A: "a 'b' $HOME\n;" } })["user-data"]!;
    assert.equal(execFileSync("sh", ["-c", script], { encoding: "utf8" }), "a 'b' $HOME\n;");
});

const idOf = (cloudInit: any) => /^instance-id: (.*)$/m.exec(seed(cloudInit)["meta-data"]!)![1];

test("with rerun onChange, an instance is a new one when anything of its seed changes, and else the same", () => {
    const one = { rerun: "onChange", userData: "#!/bin/sh\n", config: { A: 1 }, directory: { path: "./seed", files: { "run.sh": "a" } } };
    assert.equal(idOf(one), idOf(structuredClone(one)));
    const others = [{ ...one, userData: "#!/bin/sh\n#\n" }, { ...one, config: { A: 2 } }, { ...one, vendorData: "#!/bin/sh\n" }, { ...one, metaData: "a: 1\n" }, { ...one, directory: { path: "./seed", files: { "run.sh": "b" } } }];
    assert.equal(new Set([one, ...others].map(idOf)).size, 6);
    assert.equal(idOf({ ...one, rerun: "never" }), "iid-n1");
});

test("a seed is read from files and directories, hidden files left out, and what is no text is refused", () => {
    const dir = join(folder, "dir");
    mkdirSync(join(dir, "files"), { recursive: true });
    for (const [name, text] of Object.entries({ "user-data": "#!/bin/sh\n", "files/motd": "grüß\n", ".hidden": "x" })) writeFileSync(join(dir, name), text);
    assert.deepEqual(cloudInitInput({ directory: dir, userData: { path: join(dir, "user-data") }, metaData: "a: 1\n", rerun: "never" }), {
        rerun: "never", metaData: "a: 1\n", userData: { path: join(dir, "user-data"), text: "#!/bin/sh\n" }, directory: { path: dir, files: { "files/motd": "grüß\n", "user-data": "#!/bin/sh\n" } },
    });
    writeFileSync(join(dir, "image"), Buffer.from([0xff, 0xfe, 0]));
    assert.match((cloudInitInput({ directory: dir }) as any).directory.problem, /image is no text in UTF-8/);
    assert.match((cloudInitInput({ userData: { path: join(folder, "none") } }) as any).userData.problem, /ENOENT/);
});

const SECRET = "4dabf18193072939515e22adb298388d";
const shown = (value: unknown) => JSON.stringify(value, (_, v) => (v?.[SECRET] ? "sealed" : v));

test("a secret variable seals the files that hold it, and no others", async () => {
    const cloudInit = { userData: "#cloud-config\npassword: {{ config.PASSWORD | dump }}\n", config: { PASSWORD: "HUSH1", ROLE: "db" } };
    const { inputs, failures } = (await provider.check("Machine", machine("n1", { cloudInit, __secrets: [["cloudInit", "config", "PASSWORD"]] }))) as any;
    assert.deepEqual(failures, []);
    assert.doesNotMatch(shown(inputs), /HUSH1/);
    assert.equal(typeof inputs.files[`${below}/meta-data`], "string");
    assert.deepEqual(Object.keys(inputs.revisions).sort(), [`${below}/CONFIG`, `${below}/user-data`]);
    assert.match(inputs.nextBoot, /instance-id iid-n1 /);
    assert.equal(inputs.cloudInit.config.ROLE, "db");
});

test("a digest of secrets is not shown either", async () => {
    const cloudInit = { userData: "#!/bin/sh\nHUSH2\n", rerun: "onChange" };
    const { inputs } = (await provider.check("Machine", machine("n1", { cloudInit, __secrets: [["cloudInit", "userData"]] }))) as any;
    assert.doesNotMatch(shown(inputs), /HUSH2|iid-n1-[0-9a-f]{12}/);
});

test("a fleet's secret stays one in each of its machines", async () => {
    const machines = { f1: { mac: "52:54:00:00:00:61", boot: { kind: "kernel", image }, config: { TOKEN: "HUSH3" } }, f2: { mac: "52:54:00:00:00:62", boot: { kind: "kernel", image }, config: { TOKEN: "plain" } } };
    const { inputs, failures } = (await provider.check("Fleet", { ...onMaster("Fleet", "farm"), machines, cloudInit: { userData: "#!/bin/sh\n# {{ config.TOKEN }}\n" }, __secrets: [["machines", "f1", "config", "TOKEN"]] })) as any;
    assert.deepEqual(failures, []);
    assert.doesNotMatch(shown(inputs), /HUSH3/);
    assert.equal(inputs.files["/srv/netboot/http/seed/f2/user-data"], "#!/bin/sh\n# plain\n");
});

test("what is refused quotes no secret", async () => {
    for (const cloudInit of [{ userData: "HUSH4\n" }, { userData: "#cloud-config\na: HUSH4: HUSH4\n" }, { userData: "#cloud-config\n{{ HUSH4 }}\n" }, { metaData: { path: "x", text: "- HUSH4\n" } }]) {
        const { failures } = await provider.check("Machine", machine("n1", { cloudInit, __secrets: [["cloudInit", "userData"], ["cloudInit", "metaData"]] }));
        assert.ok(failures.length);
        assert.doesNotMatch(JSON.stringify(failures), /HUSH4/);
    }
});

test("two machines may share a host name, and no instance-id", async () => {
    const named = (name: string, mac: string, metaData: string) => provider.check("Machine", machine(name, { mac, cloudInit: { metaData } }));
    assert.deepEqual((await named("t1", "52:54:00:00:00:71", "local-hostname: web\ninstance-id: web-1\n")).failures, []);
    assert.deepEqual((await named("t2", "52:54:00:00:00:72", "local-hostname: web\n")).failures, []);
    assert.match((await named("t3", "52:54:00:00:00:73", "instance-id: web-1\n")).failures[0]!.reason, /Machine "t1"/);
});

test("a volume is one of ISO 9660 with the label cidata, and the same for the same files", () => {
    const files = { "user-data": "#cloud-config\n", "meta-data": "instance-id: x\n", "vendor-data": "", "files/deep/motd": "grüß\n", ...Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`many/${i}`, String(i)])) };
    const volume = iso("cidata", files);
    assert.deepEqual(iso("cidata", Object.fromEntries(Object.entries(files).reverse())), volume);
    assert.deepEqual(readIso(volume), { label: "cidata", files });
});

/** The volume's label and files, by its Rock Ridge names: another reader than the writer, which knows no more than the two standards. */
function readIso(volume: Buffer): { label: string; files: Record<string, string> } {
    const files: Record<string, string> = {};
    const folder = (extent: number, size: number, path: string) => {
        for (let at = extent * 2048; at < extent * 2048 + size; at += volume[at] || 2048 - (at % 2048)) {
            const length = volume[at]!;
            if (!length) continue;
            const record = volume.subarray(at, at + length);
            const names: string[] = [];
            for (let use = 33 + record[32]! + (record[32]! % 2 ? 0 : 1); use + 4 <= length; use += record[use + 2]!)
                if (record.toString("latin1", use, use + 2) === "NM") names.push(record.toString("latin1", use + 5, use + record[use + 2]!));
            if (!names.length) continue; // itself and its parent
            const [where, bytes] = [record.readUInt32LE(2), record.readUInt32LE(10)];
            assert.deepEqual([record.readUInt32BE(6), record.readUInt32BE(14)], [where, bytes]);
            if (record[25]! & 2) folder(where, bytes, `${path}${names[0]}/`);
            else files[path + names[0]] = volume.toString("utf8", where * 2048, where * 2048 + bytes);
        }
    };
    const descriptor = volume.subarray(16 * 2048, 17 * 2048);
    assert.equal(descriptor.toString("latin1", 0, 6), "\x01CD001");
    assert.equal(descriptor.readUInt32LE(80) * 2048, volume.length);
    folder(descriptor.readUInt32LE(158), descriptor.readUInt32LE(166), "");
    return { label: descriptor.toString("latin1", 40, 72).trim(), files };
}

test("a secret's volume is not told by its digest", async () => {
    const cloudInit = { userData: "#!/bin/sh\nHUSH5\n", delivery: "iso" };
    const { inputs } = (await provider.check("Machine", machine("n1", { cloudInit, __secrets: [["cloudInit", "userData"]] }))) as any;
    assert.doesNotMatch(shown(inputs), /HUSH5|cidata\/[0-9a-f]{16}/);
});

test("a secret that goes to its machine as a disk is told neither by the files nor by the disk's name", async () => {
    const storing = handle({ ref: { ...master, host: "10.9.0.1", storage: { driver: "reflink", path: "/srv/netboot/volumes", iqn: "iqn.2024-07.internal.netboot" } } });
    const diskless = { __master: storing, __pool: handle({ ref: { name: "lan", mode: "authoritative", subnet: "10.0.0.0/24", reserved: [] } }), address: "10.0.0.21", boot: { kind: "diskless", volume: { name: "golden" } } };
    const { inputs, failures } = (await provider.check("Machine", machine("n9", { ...diskless, mac: "52:54:00:00:00:79", cloudInit: { userData: "#!/bin/sh\nHUSH6\n" }, __secrets: [["cloudInit", "userData"]] }))) as any;
    assert.deepEqual(failures, []);
    assert.doesNotMatch(shown(inputs), /HUSH6|cidata\/[0-9a-f]{16}/);
    assert.match(shown(inputs), /"255"/);
});
