// An instance in one call: the forms in which img-clone is called, each with what it comes to on the master.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { netboot, resourcesOf, type Seen, site } from "./program.ts";

const folder = mkdtempSync(join(tmpdir(), "netboot-instance-"));
after(() => rmSync(folder, { recursive: true }));
const userData = join(folder, "user-data.yaml");
const seed = join(folder, "seed");
mkdirSync(seed);
writeFileSync(userData, "#!/bin/sh\nmount -r LABEL=cidata /mnt && . /mnt/CONFIG\n");
writeFileSync(join(seed, "user-data"), "#!/bin/sh\nsh /mnt/run.sh\n");
writeFileSync(join(seed, "run.sh"), "echo {{ left as it is }}\n");

const IQN = "iqn.2024-07.internal.netboot";
const volumes = "/srv/netboot/volumes";

/** An instance with these arguments, of a template of generation 3 that keeps two earlier ones. */
const instance = async (args: object, template: object = { generation: 3, history: 2 }, before?: Record<string, Seen>) => {
    const seen = await resourcesOf(() => {
        const { master, pool } = site();
        const golden = new netboot.Volume("golden", { master, size: "1GiB", ...template });
        new netboot.Instance("web-1", { master, pool, mac: "52:54:00:00:02:01", address: "10.0.0.21", template: golden, ...args });
    }, before);
    return { seen, web: seen["Machine web-1"]! };
};
/** What is on the volume with its seed. */
const seedOf = ({ inputs, failures }: Seen): Record<string, string> => {
    assert.deepEqual(failures, []);
    const below = "/srv/netboot/seeds/web-1/";
    return Object.fromEntries(Object.entries<any>(inputs.files).flatMap(([path, file]) => (path.startsWith(below) ? [[path.slice(below.length), file.text]] : [])));
};
const identity = "instance-id: iid-web-1\nlocal-hostname: web-1\n";

test("img-clone TEMPLATE TARGET FILE: a copy of the template, offered with the seed to the machine's address", async () => {
    const { web } = await instance({ cloudInit: { userData: { path: userData } } });
    assert.deepEqual(seedOf(web), { "meta-data": identity, "network-config": "", "user-data": "#!/bin/sh\nmount -r LABEL=cidata /mnt && . /mnt/CONFIG\n", "vendor-data": "" });
    assert.deepEqual(web.inputs.volumes, { [`${volumes}/golden+web-1`]: { driver: "reflink", from: { volume: `${volumes}/golden` }, generation: 1 } });
    const { luns, media, address } = web.inputs.targets[`${IQN}:web-1:golden`];
    assert.deepEqual([luns, Object.keys(media), address], [{ 1: `${volumes}/golden+web-1/disk.1` }, ["255"], "10.0.0.21"]);
    assert.match(web.inputs.nextBoot, /disk golden\+web-1 by iSCSI[^]*cloud-init: runs once as instance-id iid-web-1 \(LUN 255: /);
    assert.match(web.inputs.__urn, /netboot:index:Instance\$pulumi-nodejs:dynamic\/netboot:Machine::web-1$/);
});

test("a kernel of the program in place of the template's boot loader", async () => {
    const { web } = await instance({ kernel: netboot.boot.kernel(new netboot.KernelImage("debian", { master: site().master, kernel: import.meta.filename }), { append: "root=LABEL=root" }) });
    assert.match(web.inputs.nextBoot, /command line: root=LABEL=root\ndisk golden\+web-1 by iSCSI/);
});

test("img-clone TEMPLATE TARGET DIRECTORY: all that is in it, and an identity of its own", async () => {
    const { web } = await instance({ cloudInit: { directory: seed } });
    assert.deepEqual(seedOf(web), { "meta-data": identity, "network-config": "", "run.sh": "echo {{ left as it is }}\n", "user-data": "#!/bin/sh\nsh /mnt/run.sh\n", "vendor-data": "" });
});

test("img-clone TEMPLATE TARGET FILE|DIRECTORY CONFIG: the same with CONFIG, as a shell reads it", async () => {
    const config = { IPV4_HOST: "10.0.0.21/24", MOTD: "it's $HOME" };
    const places = await Promise.all([{ userData: { path: userData } }, { directory: seed }].map(async (form) => {
        const plain = (await instance({ cloudInit: form })).web, { web } = await instance({ cloudInit: { ...form, config } });
        assert.deepEqual(seedOf(web), { ...seedOf(plain), CONFIG: `IPV4_HOST=10.0.0.21/24\nMOTD='it'\\''s $HOME'\n` });
        return [plain, web].map(({ inputs }) => inputs.targets[`${IQN}:web-1:golden`].media[255]);
    }));
    assert.equal(new Set(places.flat()).size, 4);
});

test("img-clone TEMPLATE@SNAPSHOT: a generation that is kept; one that is not is refused", async () => {
    const { web } = await instance({ at: 2 });
    assert.deepEqual(web.inputs.volumes[`${volumes}/golden+web-1`].from, { volume: `${volumes}/golden`, at: 2 });
    assert.match((await instance({ at: 7 })).web.failures[0]!, /^boot\.at is 7, and golden is of generation 3 and keeps the 2 before it/);
});

test("the latest one is taken once: what becomes of the template changes nothing of the instance", async () => {
    const made = await instance({});
    const later = await instance({}, { generation: 4, history: 3 }, made.seen);
    assert.deepEqual(later.web.inputs, made.web.inputs);
    const other = await instance({ at: 4 }, { generation: 4, history: 3 }, made.seen);
    assert.match(other.web.failures[0]!, /^boot\.generation is 1 as before, and what golden\+web-1 comes from is another: write 2/);
});

test("instances of an image share one volume, which has its name", async () => {
    const seen = await resourcesOf(() => {
        const { master, pool } = site();
        const template = new netboot.DiskImage("debian", { master, source: { url: "http://10.0.0.9/debian.img.zst", sha256: "1".repeat(64) } });
        for (const n of [1, 2]) new netboot.Instance(`web-${n}`, { master, pool, mac: `52:54:00:00:02:0${n}`, address: `10.0.0.2${n}`, template, cloudInit: {} });
    });
    assert.deepEqual(Object.values(seen).flatMap(({ failures }) => failures), []);
    assert.deepEqual(Object.keys(seen).sort(), ["DhcpPool lan", "DiskImage debian", "Machine web-1", "Machine web-2", "MasterServer lab", "Volume debian"]);
    const [one, two] = [1, 2].map((n) => seen[`Machine web-${n}`]!.inputs);
    assert.deepEqual([one, two].map(({ volumes }) => Object.keys(volumes)), [[`${volumes}/debian+web-1`], [`${volumes}/debian+web-2`]]);
    assert.notDeepEqual(one.targets[`${IQN}:web-1:debian`].media, two.targets[`${IQN}:web-2:debian`].media);
});
