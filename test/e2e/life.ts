// What becomes of an example of examples.ts: its preview, and a whole life of it with the real CLI on a plain master.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { TestContext } from "node:test";
import { bootableDisk } from "../lab/disk/image.ts";
import type { Lab } from "../lab/lab.ts";
import type { Master } from "../lab/master.ts";
import { differences, inWords } from "../lab/snapshot.ts";
import { mountStore } from "../lab/store.ts";
import type { Project } from "../pulumi/project.ts";
import { daemons, stand } from "./cli.ts";
import { type Case, examples } from "./examples.ts";
import { site } from "./site.ts";

/** A project of this example, with all that it is given. */
export async function projectOf(lab: Lab, master: Master, { name, config, images = [] }: Case & { name: string }): Promise<Project & Disposable> {
    images.forEach((image, i) => writeFileSync(join(lab.folder, image), Buffer.concat([bootableDisk(), Buffer.alloc(512 * i)])));
    return site(lab, master, name, config?.(lab));
}

/** Sets it as a person does, a table key by key. */
async function set(project: Project, config: Record<string, string | Record<string, string>>): Promise<void> {
    for (const [key, value] of Object.entries(config))
        for (const words of typeof value === "string" ? [[key, value]] : Object.entries(value).map(([of, one]) => ["--path", `${key}["${of}"]`, one])) await project.run(["config", "set", ...words]);
}

/** Without a network: 192.0.2.1 (TEST-NET-1) answers nobody, and whatever asked it would fail, or take much longer than this. */
export async function previewed(project: Project, master: Master, { resources, file }: Case): Promise<number> {
    await project.run(["config", "set", "host", "192.0.2.1"]);
    const { text, seconds } = await project.run(["preview", "--diff"]);
    assert.match(text, new RegExp(`\\+ ${resources + 1} to create`));
    assert.ok(text.includes(file), `the preview names ${file}`);
    await project.run(["config", "set", "host", master.host]);
    return seconds;
}

/** Previewed, applied, applied again for nothing, and gone without a trace. */
export async function life(t: TestContext, lab: Lab, master: Master, name: string): Promise<void> {
    const example = examples[name]!;
    using project = await projectOf(lab, master, { name, ...example });
    const seconds: Record<string, number> = {};
    const run = async (what: string, args: string[]) => {
        const ran = await project.run([...args, "--yes", "--skip-preview"], { env: { PULUMI_SKIP_CHECKPOINTS: "true" } });
        seconds[what] = ran.seconds;
        return ran.text;
    };
    const store = example.store && await mountStore(master, "/srv/netboot/volumes");
    for (const program of example.programs ?? []) await master.exec(`printf '#!/bin/sh\n' >${program} && chmod 755 ${program}`);
    const before = await master.snapshot();
    seconds["preview"] = await previewed(project, master, example);
    project.env["PULUMI_NODEJS_TRANSPILE_ONLY"] = "true"; // its types were checked just now

    assert.match(await run("up", ["up"]), new RegExp(`\\+ ${example.resources + 1} created`));
    assert.match(await master.exec(`cat ${example.file}`), example.line);
    for (const [unit, { state }] of Object.entries(await daemons(master))) assert.equal(state, "active", unit);

    const then = await stand(master);
    await run("up again", ["up", "--expect-no-changes"]);
    assert.deepEqual(await stand(master), then, "nothing was written, started or reloaded");

    if (example.later) {
        for (const [file, content] of Object.entries(example.later.files)) await master.exec(`base64 -d >${file} <<'.'\n${content.toString("base64")}\n.`);
        await set(project, example.later.config);
        assert.match((await project.run(["preview"])).text, example.later.says);
        assert.match(await run("up later", ["up"]), example.later.says);
        await run("up later again", ["up", "--expect-no-changes"]);
    }

    await run("destroy", ["destroy"]);
    for (const [file, content] of Object.entries(example.later?.files ?? {})) assert.equal(await master.exec(`base64 -w0 ${file}; rm ${file}; cd /srv; rmdir -p --ignore-fail-on-non-empty ${dirname(file).slice("/srv/".length)}`), content.toString("base64"));
    assert.equal(inWords(differences(before, await master.snapshot(), example.stays)), "");
    await store?.unmount();
    t.diagnostic(Object.entries(seconds).map(([what, s]) => `${what} ${s.toFixed(1)} s`).join(", "));
}
