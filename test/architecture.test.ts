// The few rules about who may know whom, and about what repeats what. docs/architecture.md states them.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { elsewhere, examples } from "./e2e/examples.ts";

const root = join(import.meta.dirname, "..");
const sources = (pattern: string) => globSync(pattern, { cwd: root, exclude: (name) => /(^|\/)(dist|node_modules)(\/|$)/.test(String(name)) }).map(String).filter((file) => !file.endsWith(".d.ts"));
const imports = (file: string) => [...readFileSync(join(root, file), "utf8").matchAll(/(?:from|import|require)\s*\(?\s*"([^"]+)"/g)].map(([, name]) => name!);
const importers = (library: RegExp) => sources("{provider,sdk}/**/*.ts").filter((file) => imports(file).some((name) => library.test(name)));
const none = (files: string[], of: RegExp, why: string) => assert.deepEqual(files.filter((file) => imports(file).some((name) => of.test(name))), [], why);

test("ssh2, nunjucks, yaml and ajv each have one importer", () => {
    assert.deepEqual(importers(/^ssh2$/), ["provider/ssh/ssh.ts"]);
    assert.deepEqual(importers(/^nunjucks$/), ["provider/render.ts"]);
    assert.deepEqual(importers(/^yaml$/), ["provider/seed/formats.ts"]);
    // Type imports count: who words ajv's errors knows their type.
    assert.deepEqual(importers(/^ajv$/).sort(), ["provider/validate.ts", "provider/words.ts"]);
});

test("resources know neither SSH nor Pulumi", () => none(sources("provider/{resources,boot,discovery,install,power,seed}/**/*.ts"), /^@pulumi\/|\/ssh\/|\/pulumi\//, "a resource reaches past host state"));
test("the engine knows neither resources nor Pulumi", () => none(sources("provider/engine/**/*.ts"), /^@pulumi\/|\/resources\/|\/boot\/|\/install\/|\/power\/|\/seed\/|\/pulumi\/|\.\.\/resource"/, "the engine knows a resource"));
test("SSH knows nothing but itself", () => none(sources("provider/ssh/**/*.ts"), /^@pulumi\/|\.\.\/(engine|resources|pulumi|boot)\//, "the transport knows what it carries"));
test("only the adapter, the SDK and programs know Pulumi", () => {
    const knowing = importers(/^@pulumi\/pulumi/).filter((file) => !/^(sdk|provider\/pulumi)\//.test(file));
    assert.deepEqual(knowing, []);
});
test("an SDK import brings no engine, no template and no SSH: a program starts without them", () => {
    const loaded = execFileSync(process.execPath, ["-e", 'require("pulumi-netboot"); console.log(Object.keys(require.cache).join("\\n"))'], { cwd: root, encoding: "utf8" });
    assert.doesNotMatch(loaded, /node_modules\/(ssh2|nunjucks|yaml|ajv)\/|provider\/dist\/(engine|resources|ssh)\//);
});

test("what users install runs where Pulumi's SDK does, brings no plugin and needs no compiler", () => {
    const read = (file: string) => JSON.parse(readFileSync(join(root, file), "utf8"));
    for (const name of ["provider", "sdk"]) {
        const { engines, dependencies, peerDependencies } = read(`${name}/package.json`);
        // npm gives an older Node an older SDK, without a word.
        assert.equal(engines.node, ">=22", name);
        // The CLI looks for the plugin of each package that it sees: @pulumi/command's would be downloaded at every start. The SDK does not go with TypeScript 7.
        assert.deepEqual(Object.keys({ ...dependencies, ...peerDependencies }).filter((it) => (it.startsWith("@pulumi/") && it !== "@pulumi/pulumi") || /^(typescript|ts-node)$/.test(it)), [], name);
    }
    assert.match(read("package.json").devDependencies.typescript, /^[\^~]?[56]\./);
});

test("every resource has a schema, a class and cases", () => {
    const folders = sources("provider/resources/*/index.ts").map((file) => file.split("/")[2]!);
    assert.ok(folders.length >= 6);
    const index = readFileSync(join(root, "sdk/index.ts"), "utf8");
    for (const name of folders) {
        for (const file of [`schema/${name}.json`, `sdk/${name}.ts`, `test/cases/resources/${name}`]) assert.ok(existsSync(join(root, file)), `${file} is missing`);
        assert.match(index, new RegExp(`from "\\./${name}"`));
    }
});

/** What a page's headings are called in links: letters, digits and hyphens of their text, in lower case. */
const anchors = (page: string) => [...page.replace(/^```[^]*?^```/gm, "").matchAll(/^#+ (.*)$/gm)].map(([, heading]) => heading!.toLowerCase().replace(/[^\p{L}\p{N}_ -]/gu, "").replaceAll(" ", "-"));

test("every link in the README and the docs leads somewhere", () => {
    for (const file of ["README.md", ...globSync("docs/*.md", { cwd: root }).map(String)]) {
        const page = readFileSync(join(root, file), "utf8");
        for (const [, target, anchor] of page.matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)/g)) {
            const to = target ? join(root, file, "..", target) : join(root, file);
            assert.ok(existsSync(to), `${file} links to ${target}`);
            if (anchor) assert.ok(anchors(readFileSync(to, "utf8")).includes(anchor), `${file} links to ${target}#${anchor}`);
        }
    }
});

const programs = sources("examples/*/Pulumi.yaml").map((file) => file.split("/")[1]!);

test("every example is named in the README", () => {
    const readme = readFileSync(join(root, "README.md"), "utf8");
    for (const folder of programs) assert.match(readme, new RegExp(`examples/${folder}\\b`));
});

test("every example is run: as test/e2e/examples.ts says, or by the file that it names", () => {
    assert.deepEqual([...Object.keys(examples), ...Object.keys(elsewhere)].sort(), programs.sort());
    for (const [folder, file] of Object.entries(elsewhere)) assert.ok(readFileSync(join(root, file), "utf8").includes(`"${folder}"`), `${file} runs no ${folder}`);
});
