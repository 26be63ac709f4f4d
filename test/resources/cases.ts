/** Cases as data: one JSON file each. With UPDATE_CASES=1 a run writes down what it got, for a person to read and commit. */
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Fields, Json } from "./resource.ts";

const root = join(import.meta.dirname, "..", "cases");

export interface Case {
    name: string;
    path: string;
    content: any;
}

/** Every case below a folder of test/cases, by folder. */
export function casesIn(folder: string): Map<string, Case[]> {
    const read = (path: string) => JSON.parse(readFileSync(path, "utf8"));
    const folders = readdirSync(join(root, folder), { withFileTypes: true }).filter((entry) => entry.isDirectory());
    return new Map(
        folders.map(({ name }) => {
            const files = readdirSync(join(root, folder, name)).filter((file) => file.endsWith(".json")).sort();
            return [name, files.map((file) => ({ name: file.replace(".json", ""), path: join(root, folder, name, file), content: read(join(root, folder, name, file)) }))];
        }),
    );
}

const shared: Fields = JSON.parse(readFileSync(join(root, "resources", "shared.json"), "utf8"));

/** Puts in what shared.json defines: a master is written "@master". */
export function resolved(value: Json): Json {
    if (typeof value === "string" && value.startsWith("@")) {
        const found = shared[value.slice(1)];
        if (found === undefined) throw new Error(`shared.json has no ${value.slice(1)}`);
        return resolved(found);
    }
    if (Array.isArray(value)) return value.map(resolved);
    if (value && typeof value === "object") return Object.fromEntries(Object.entries(value).map(([key, v]) => [key, resolved(v)]));
    return value;
}

/** Texts of several lines as lists of lines, as a reader wants to see them. */
export function lines(value: any): any {
    if (typeof value === "string" && value.includes("\n")) return value.split("\n");
    if (Array.isArray(value)) return value.map(lines);
    if (value && typeof value === "object") return Object.fromEntries(Object.entries(value).map(([key, v]) => [key, lines(v)]));
    return value;
}

/** The part of what was seen that a case speaks of: maps key by key, everything else whole. */
export function spoken(expected: any, seen: any): any {
    if (!expected || typeof expected !== "object" || Array.isArray(expected) || !seen || typeof seen !== "object") return seen;
    return Object.fromEntries(Object.keys(expected).map((key) => [key, spoken(expected[key], seen[key])]));
}

export const updating = process.env.UPDATE_CASES === "1";
export const rewrite = ({ path, content }: Case, change: object) => writeFileSync(path, `${JSON.stringify({ ...content, ...change }, null, 2)}\n`);
