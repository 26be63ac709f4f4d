// Status lines on a resource's own row: Pulumi's own dynamic-provider process between its engine, as a server of this process, and a host behind SSH.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { mastered } from "../engine/mastered.ts";
import type { FastHost } from "../engine/fastHost.ts";
import { type DynamicProvider, startDynamicProvider } from "./dynamicProvider.ts";
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

/** What was logged of this resource. */
const of = (urn: string) => engine.logged.filter((line) => line.urn === urn);
const create = async (to: DynamicProvider, { inputs }: { inputs: any }) => to.create("KernelImage", await planned(to, "KernelImage", { ...inputs, ...on(ssh) }));

test("a long step tells how far it is, on the row of its own resource and in passing", async () => {
    const images = [kernelImage("one", "1".repeat(3 << 20)), kernelImage("two", "2".repeat(2 << 20))];
    await Promise.all(images.map((image) => create(provider, image)));
    for (const { inputs } of images) {
        const lines = of(inputs.__urn);
        assert.ok(lines.some(({ text }) => /^uploading \S+: 100 %, [\d.]+ MiB\/s$/.test(text)), JSON.stringify(engine.logged));
        for (const { severity, ephemeral } of lines) assert.deepEqual([severity, ephemeral], ["info", true]);
    }
    assert.deepEqual([...new Set(engine.logged.map(({ urn }) => urn))].sort(), images.map(({ inputs }) => inputs.__urn).sort(), "and on no other row");
});

test("no line holds a secret, whatever a tool says; what the user is to know stays", async () => {
    program(host, "/srv/strip", "#!/bin/sh\necho \"no such login: $STRIP_PASSWORD\" >&2\nexit 1\n");
    const power = { driver: "command", command: ["/srv/strip"], user: "root", environment: { STRIP_PASSWORD: "hunter2 kW9x" }, onChange: "on" };
    const news = machine("desk", { ...on(ssh), boot: { kind: "local" }, power, __secrets: [["power", "environment"]] });
    await assert.rejects(provider.create("Machine", await planned(provider, "Machine", news)), /desk \(\/srv\/strip\): no such login/);
    const lines = of(news.__urn);
    assert.ok(lines.some(({ text, ephemeral }) => ephemeral && /^desk: no such login: /.test(text)), JSON.stringify(lines));
    assert.deepEqual(lines.filter(({ ephemeral }) => !ephemeral), [{ severity: "warning", text: "SWITCHES ON 1 machine: desk", urn: news.__urn, ephemeral: false }]);
    const all = JSON.stringify(engine.logged) + provider.output();
    for (const secret of ["hunter2", "kW9x", "PRIVATE KEY"]) assert.ok(!all.includes(secret), secret);
});

test("an engine that is not there, is none, dies or never answers does no harm, and is no news", async (t) => {
    const [other, silent] = [await startPulumiEngine(), await startPulumiEngine()];
    silent.hang();
    t.after(() => [other, silent].forEach((one) => one.stop()));
    for (const [name, address] of Object.entries({ dead: "127.0.0.1:1", none: "--logtostderr", dying: other.address, silent: silent.address })) {
        const own = await startDynamicProvider(repository, { engine: address });
        t.after(() => own.stop());
        assert.equal((await create(own, kernelImage(`${name}-1`, `first of ${name}`))).id, `${name}-1`);
        if (name === "dying") other.stop();
        assert.equal((await create(own, kernelImage(`${name}-2`, `second of ${name}`))).id, `${name}-2`);
        await own.stop();
        assert.deepEqual([own.process.exitCode, own.output()], [0, ""], name);
    }
    assert.ok(other.logged.length > 0 && silent.logged.length > 0, "they were spoken to");
});
