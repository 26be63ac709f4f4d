// Every program of examples/ but those that need more (examples.ts), unchanged, with the real CLI: all previewed without a network, and those that no other test lives through whole, up to destroy.
import assert from "node:assert/strict";
import { cpSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { type Lab, openLab } from "../lab/lab.ts";
import { type Master, startMaster } from "../lab/master.ts";
import { openProject } from "../pulumi/project.ts";
import { root } from "../setup/where.mjs";
import { examples } from "./examples.ts";
import { life, previewed, projectOf } from "./life.ts";
import { settings } from "./site.ts";

let lab: Lab;
let master: Master;
before(async () => {
    lab = await openLab();
    master = await startMaster(lab, { daemons: true });
});
after(() => lab.close());

// The demo goes through the quickstart's; up.long.ts through all.
const WHOLE = ["classroom", "proxy-dhcp", "fleet", "internet-cafe"];

for (const [name, example] of Object.entries(examples))
    if (WHOLE.includes(name)) test(`${name}: previewed without a network, applied, applied again for nothing, and gone without a trace`, (t) => life(t, lab, master, name));
    else
        test(`${name}: previewed without a network`, async () => {
            using project = await projectOf(lab, master, { name, ...example });
            await previewed(project, master, example);
        });

test("the repository itself is the quickstart project", async () => {
    const project = await openProject({ "Pulumi.yaml": readFileSync(join(root, "Pulumi.yaml"), "utf8") }, { ...settings(lab, master), host: "192.0.2.1" });
    try {
        rmSync(join(project.folder, "tsconfig.json"));
        for (const part of ["package.json", "examples"]) cpSync(join(root, part), join(project.folder, part), { recursive: true });
        assert.match((await project.run(["preview"])).text, /\+ 6 to create/);
    } finally {
        project.remove();
    }
});
