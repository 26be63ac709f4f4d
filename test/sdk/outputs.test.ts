// What a program reads of its resources. A class field without `declare` would be set to nothing once the resource's outputs are there.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { test } from "node:test";
import type { KernelImage } from "pulumi-netboot";
import { shim } from "../adapter/dynamicProvider.ts";
import { connection } from "../adapter/inputs.ts";
import { resourceNames } from "../resources/resource.ts";

const require = createRequire(import.meta.url);
const pulumi: typeof import("@pulumi/pulumi") = require("@pulumi/pulumi");
const netboot: any = require("../../sdk/dist/index.js");
const { boot } = netboot;

/** The outputs that a class is declared to have, its base's included. */
const outputsOf = (name: string): string[] => ["files", ...[...text(name).matchAll(/^ {4}(?:declare )?readonly (\w+): pulumi\.Output</gm)].map(([, key]) => key!)];
const text = (name: string) => readFileSync(new URL(`../../sdk/${name[0]!.toLowerCase()}${name.slice(1)}.ts`, import.meta.url), "utf8");

const sent = new Map<string, any>();
const told = (name: string, key: string) => `${key} of ${name}`;

test("every output of every class is what the engine says, and state's provider text is the constant one", async () => {
    pulumi.runtime.setMocks({
        call: ({ inputs }) => inputs,
        newResource({ type, name, inputs }) {
            const short = type.split(":").at(-1)!;
            sent.set(short, inputs);
            return { id: name, state: { ...inputs, ...Object.fromEntries(outputsOf(short).map((key) => [key, told(short, key)])) } };
        },
    }, "netboot", "test");
    const master = new netboot.MasterServer("lab", { connection, address: "10.0.0.2", storage: {} });
    const lan = new netboot.DhcpPool("lan", { master, subnet: "10.0.0.0/24", range: "10.0.0.50-10.0.0.199" });
    const rescue = new netboot.KernelImage("rescue", { master, kernel: import.meta.filename });
    const menu = new netboot.BootMenu("seats", { master, title: "Seats", entries: [{ name: "rescue", label: "Rescue", boot: boot.kernel(rescue) }] });
    const image = new netboot.DiskImage("classroom", { master, source: { url: "http://10.0.0.9/x.img.zst", sha256: "1".repeat(64) } });
    const all: Record<string, any> = {
        MasterServer: master, DhcpPool: lan, KernelImage: rescue, BootMenu: menu, DiskImage: image,
        Machine: new netboot.Machine("desk", { master, pool: lan, mac: "52:54:00:00:00:01", boot: boot.menu(menu) }),
        MachineGroup: new netboot.MachineGroup("bench", { master, match: { macPrefix: "52:54:01" } }),
        Fleet: new netboot.Fleet("farm", { master, machines: { one: { mac: "52:54:00:00:01:01" } } }),
        Volume: new netboot.Volume("golden", { master, from: image }),
        InstallerImage: new netboot.InstallerImage("bookworm", { master, family: "debian", package: { name: "debian-installer-12-netboot-amd64" }, template: "d-i x" }),
        WinPeImage: new netboot.WinPeImage("winpe", { master, wimboot: { path: import.meta.filename, sha256: "2".repeat(64) }, source: { master: "/srv/winpe.iso", sha256: "3".repeat(64) } }),
    };
    assert.deepEqual(Object.keys(all).sort(), resourceNames().sort());
    const read = (output: any) => new Promise((resolve) => output.apply(resolve));
    for (const [name, resource] of Object.entries(all))
        for (const key of outputsOf(name)) {
            assert.ok(pulumi.Output.isInstance(resource[key]), `${name}.${key} is no output`);
            assert.equal(await read(resource[key]), told(name, key));
        }
    // @ts-expect-error: an image keeps no files
    (rescue as KernelImage).files.apply((files) => Object.keys(files));
    for (const name of Object.keys(all)) assert.equal(sent.get(name).__provider, shim(name));
});
