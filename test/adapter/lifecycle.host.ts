// What state is left with when something stays or goes wrong: Pulumi's own dynamic-provider process, and a host behind SSH.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { after, before, test } from "node:test";
import type { FastHost } from "../engine/fastHost.ts";
import { mastered } from "../engine/mastered.ts";
import { type DynamicProvider, type PartialFailure, shim, startDynamicProvider } from "./dynamicProvider.ts";
import { machine } from "./inputs.ts";
import { behindSsh, kernelImage, on, planned, program, repository, type SshHost } from "./onHost.ts";
import { type PulumiEngine, startPulumiEngine } from "./pulumiEngine.ts";

let host: FastHost;
let ssh: SshHost;
let engine: PulumiEngine;
let provider: DynamicProvider;
before(async () => {
    host = await mastered();
    ssh = await behindSsh(host);
    engine = await startPulumiEngine();
    provider = await startDynamicProvider(repository, { engine: engine.address });
});
after(async () => {
    await provider.stop();
    engine.stop();
    await ssh.close();
});

const there = (path: string) => existsSync(host.path(path));
const owners = async (name: string) => (await host.shell(`grep -rl '::${name}' /var/lib/netboot/owners`)).stdout;
const uploads = () => engine.logged.filter(({ text }) => text.startsWith("uploading")).length;
const state = async ({ inputs }: { inputs: any }) => {
    const { properties } = await provider.create("KernelImage", await planned(provider, "KernelImage", { ...inputs, ...on(ssh) }));
    return properties as any;
};

test("an image with `retain` leaves its files when it is deleted, and nobody owns them; whoever declares it again has them without an upload", async () => {
    const kept = kernelImage("kept", "a kernel to keep", { retain: true });
    const first = await state(kept);
    assert.equal(first.retain, true);
    assert.notEqual(await owners("kept"), "");
    await provider.delete("KernelImage", "kept", first);
    assert.ok(there(kept.path));
    assert.equal(await owners("kept"), "");

    const before = uploads();
    const second = await state(kernelImage("another", "a kernel to keep"));
    assert.equal(uploads(), before, "it was there");
    assert.notEqual(await owners("another"), "");
    await provider.delete("KernelImage", "another", second);
    assert.ok(!there(kept.path), "without `retain` it goes");
});

test("`retain` that is written later counts as well: state has it, and the host is left alone", async () => {
    const later = kernelImage("later", "kept by a second thought");
    const olds = await state(later);
    const news = await planned(provider, "KernelImage", { ...later.inputs, ...on(ssh), retain: true });
    assert.equal((await provider.diff("KernelImage", olds, news)).changes, true);
    const before = uploads();
    const outs = await provider.update("KernelImage", olds, news);
    assert.equal(uploads(), before);
    await provider.delete("KernelImage", "later", outs);
    assert.ok(there(later.path));
});

test("an operation that fails half-way leaves a state that the next one can go on from, and that can be deleted", async () => {
    program(host, "/srv/strip", "#!/bin/sh\n[ -e /srv/mended ] || exit 1\n");
    const power = { driver: "command", command: ["/srv/strip"], user: "root", onChange: "on" };
    const inputs = async (boot: object) => planned(provider, "Machine", machine("desk", { ...on(ssh), boot, power }));
    const failed = (work: Promise<unknown>): Promise<any> => work.then(() => assert.fail("it did not fail"), (error: PartialFailure) => error.partial);
    const script = "/srv/netboot/http/mac/52-54-00-00-00-01.ipxe";

    const local = await inputs({ kind: "local" });
    const made = await failed(provider.create("Machine", local));
    assert.equal(made.id, "desk");
    assert.equal(made.properties.__provider, shim("Machine"), "without it nothing could read or delete it any more");
    assert.deepEqual([made.properties.__unwell, made.properties.files], [true, local.files]);
    assert.match(made.reasons[0], /could not be switched/);

    const shell = await inputs({ kind: "shell" });
    const changed = await failed(provider.update("Machine", made.properties, shell));
    assert.deepEqual([changed.properties.__provider, changed.properties.__unwell, changed.properties.files], [shim("Machine"), true, shell.files]);

    await host.shell("touch /srv/mended");
    const outs: any = await provider.update("Machine", changed.properties, shell);
    assert.deepEqual([outs.__provider, outs.__unwell], [shim("Machine"), undefined]);
    const seen: any = await provider.read("Machine", "desk", changed.properties);
    assert.deepEqual([seen.id, seen.inputs.files], ["desk", shell.files]);
    assert.ok(there(script));
    await provider.delete("Machine", "desk", changed.properties);
    assert.ok(!there(script));
});
