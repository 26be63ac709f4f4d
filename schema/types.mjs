/**
 * Build step: TypeScript types from the schemas, so that fields, defaults and docs are written once.
 * Writes schema/index.d.ts; `MasterServerInput` is the type of what masterServer.json describes.
 */
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const target = join(here, "index.d.ts");
const files = readdirSync(here).filter((file) => file.endsWith(".json") && !["package.json", "common.json", "tsconfig.json"].includes(file)).sort();

const age = (file) => statSync(join(here, file)).mtimeMs;
if (existsSync(target) && [...files, "common.json", "types.mjs"].every((file) => age(file) < age("index.d.ts"))) process.exit();

const { compile } = await import("json-schema-to-typescript");
/** Titles name types: only a resource has one. Default and first example join the description, so that an editor shows them. */
const shown = (schema) => {
    if (Array.isArray(schema)) return schema.map(shown);
    if (!schema || typeof schema !== "object") return schema;
    const { title, default: fallback, examples, ...rest } = schema;
    // Below these, keys are names of the schema's author and no keywords: a field may be called "default".
    const named = (map) => Object.fromEntries(Object.entries(map).map(([name, value]) => [name, shown(value)]));
    const inner = Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, ["properties", "$defs"].includes(key) ? named(value) : shown(value)]));
    const notes = [fallback !== undefined && `@default ${JSON.stringify(fallback)}`, Array.isArray(examples) && `@example ${JSON.stringify(examples[0])}`].filter(Boolean);
    return { ...inner, ...(rest.description && notes.length && { description: [rest.description, ...notes].join("\n") }) };
};
const read = ({ url }) => {
    const { $id, ...schema } = JSON.parse(readFileSync(new URL(url, import.meta.url), "utf8"));
    const body = { ...shown(schema), ...(schema.description && { description: schema.description }) };
    const named = files.includes(basename(url)) ? { ...body, title: `${schema.title}Input` } : body;
    // References say their file: the parser loses it where one file is reached through another.
    return JSON.stringify(named).replaceAll('"$ref":"#/', `"$ref":"${basename(url)}#/`);
};
const all = { title: "Schemas", type: "object", additionalProperties: false, properties: Object.fromEntries(files.map((file) => [file.slice(0, -".json".length), { $ref: file }])) };
const text = await compile(all, "Schemas", {
    cwd: `${here}/`,
    bannerComment: "// Made from the schemas beside it by types.mjs. Do not edit.",
    additionalProperties: false,
    ignoreMinAndMaxItems: true,
    style: { printWidth: 160 },
    $refOptions: { resolve: { file: { read } } },
});
writeFileSync(target, text);
