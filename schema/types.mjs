/**
 * Build step: TypeScript types from the schemas, so that fields, defaults and docs are written once.
 * Writes schema/index.d.ts, what a program may write, with docs: `MasterServerInput` is the type of what masterServer.json describes;
 * and schema/filled.d.ts, what the provider sees of that once defaults are filled in.
 */
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const targets = ["index.d.ts", "filled.d.ts"];
const files = readdirSync(here).filter((file) => file.endsWith(".json") && !["package.json", "common.json", "tsconfig.json"].includes(file)).sort();

const age = (file) => statSync(join(here, file)).mtimeMs;
const fresh = (target) => existsSync(join(here, target)) && [...files, "common.json", "types.mjs"].every((file) => age(file) < age(target));
if (targets.every(fresh)) process.exit();

const { compile } = await import("json-schema-to-typescript");
const options = {
    cwd: `${here}/`,
    bannerComment: "// Made from the schemas beside it by types.mjs. Do not edit.",
    additionalProperties: false,
    ignoreMinAndMaxItems: true,
    style: { printWidth: 160 },
};
const parsed = (file) => JSON.parse(readFileSync(join(here, file), "utf8"));
// Below these, keys are names of the schema's author and no keywords: a field may be called "default".
const named = (map, change) => Object.fromEntries(Object.entries(map).map(([name, value]) => [name, change(value)]));
const inside = (schema, change) => Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, ["properties", "$defs"].includes(key) ? named(value, change) : change(value)]));

/** Titles name types: only a resource has one. Default and first example join the description, so that an editor shows them. */
const shown = (schema) => {
    if (Array.isArray(schema)) return schema.map(shown);
    if (!schema || typeof schema !== "object") return schema;
    const { title, default: fallback, examples, ...rest } = schema;
    const notes = [fallback !== undefined && `@default ${JSON.stringify(fallback)}`, Array.isArray(examples) && `@example ${JSON.stringify(examples[0])}`].filter(Boolean);
    return { ...inside(rest, shown), ...(rest.description && notes.length && { description: [rest.description, ...notes].join("\n") }) };
};
const read = ({ url }) => {
    const { $id, ...schema } = parsed(basename(url));
    const body = { ...shown(schema), ...(schema.description && { description: schema.description }) };
    const named = files.includes(basename(url)) ? { ...body, title: `${schema.title}Input` } : body;
    // References say their file: the parser loses it where one file is reached through another.
    return JSON.stringify(named).replaceAll('"$ref":"#/', `"$ref":"${basename(url)}#/`);
};
const all = { title: "Schemas", type: "object", additionalProperties: false, properties: Object.fromEntries(files.map((file) => [file.slice(0, -".json".length), { $ref: file }])) };
writeFileSync(join(here, "index.d.ts"), await compile(all, "Schemas", { ...options, $refOptions: { resolve: { file: { read } } } }));

/** One document of all: each file and each definition goes by one name in it. */
const whole = Object.fromEntries([...files, "common.json"].map((file) => [file, JSON.parse(readFileSync(join(here, file), "utf8").replaceAll(/("\$ref": *")#/g, `$1${file}#`))]));
const capital = (name) => name[0].toUpperCase() + name.slice(1);
const target = (ref) => {
    const [file, pointer] = ref.split("#");
    return pointer.split("/").filter(Boolean).reduce((at, key) => at[key], whole[file]);
};
const place = (ref) => {
    const [file, pointer] = ref.split(".json#"), [, definition] = pointer.match(/^\/\$defs\/(.*)/) ?? [];
    return `#/$defs/${definition ? nameOf(file, definition) : `${file}Input${pointer}`}`;
};
const nameOf = (file, definition) => (file === "common" ? definition : file + capital(definition));
const defaultOf = (schema) => (schema.default !== undefined || !schema.$ref ? schema.default : defaultOf(target(schema.$ref)));
/** What has a default is there. A reference is the same type wherever it stands, so that what is said beside it goes. */
const filled = (schema) => {
    if (Array.isArray(schema)) return schema.map(filled);
    if (!schema || typeof schema !== "object") return schema;
    if (schema.$ref) return { $ref: place(schema.$ref) };
    const { title, description, default: _, examples, $id, $schema, $defs, minItems, maxItems, required = [], ...rest } = schema;
    const words = rest.propertyNames?.$ref && target(rest.propertyNames.$ref).enum;
    if (words) return { type: "object", additionalProperties: false, properties: Object.fromEntries(words.map((word) => [word, filled(rest.additionalProperties)])) };
    const preset = Object.entries(rest.properties ?? {}).filter(([, field]) => defaultOf(field) !== undefined).map(([name]) => name);
    return { ...inside(rest, filled), ...(rest.properties && { required: [...new Set([...required, ...preset])] }) };
};
const definitions = Object.entries(whole).flatMap(([file, schema]) => {
    const own = file.slice(0, -".json".length);
    return [...(own === "common" ? [] : [[`${own}Input`, schema]]), ...Object.entries(schema.$defs ?? {}).map(([name, inner]) => [nameOf(own, name), inner])];
});
const $defs = Object.fromEntries(definitions.map(([name, schema]) => [name, { ...filled(schema), title: capital(name) }]));
const properties = Object.fromEntries(files.map((file) => [file.slice(0, -".json".length), { $ref: place(`${file}#`) }]));
writeFileSync(join(here, "filled.d.ts"), await compile({ title: "Filled", type: "object", additionalProperties: false, properties, $defs }, "Filled", options));
