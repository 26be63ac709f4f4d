/**
 * What the page and `netboot status` make of a report. test/cases/page/rows/<case>.json: { why, known, report?, row, cells }; `row` is what a report
 * becomes, `cells` its texts. With UPDATE_CASES=1 a run writes down what it got.
 */
import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it, test } from "node:test";
import { cells, COLUMNS, counts, LIMIT, matches, row, sorted, TONES, understood, UNREADABLE } from "../../provider/dist/page/rows.mjs";
import { statusRows } from "../../provider/dist/pulumi/machines.js";
import { casesIn, rewrite, updating } from "../resources/cases.ts";

describe("a report becomes a row", () => {
    for (const one of casesIn("page").get("rows")!)
        it(one.name, () => {
            const { known, report, row: expected, cells: texts } = one.content;
            const said = report === undefined ? undefined : (understood(report, known.machine) ?? { error: UNREADABLE });
            const seen = JSON.parse(JSON.stringify(row({ ...known, ...(said && { said }) })));
            if (updating) return rewrite(one, { row: seen, cells: cells(seen).join(" | ") });
            assert.deepEqual(seen, expected);
            assert.equal(cells(seen).join(" | "), texts);
        });
});

test("no report, whatever it is, gives a character that does something on a terminal, a text of another size, or an error", () => {
    const odd = ["\u001b[31m", "\u009b2J", "\r\n", "\u202e", "<script>", "\0", "\ud800", "é", '"', "\\"];
    const values = [...odd, odd.join("").repeat(40), 1e300, -1, null, true, [], {}, [odd], { a: odd }];
    const names = ["machine", "stage", "generation", "percent", "rate", "eta", "image", "disk", "error", "hostkey", "address", "__proto__", "toString"];
    for (const name of names)
        for (const value of values) {
            const text = `{${JSON.stringify(name)}:${JSON.stringify(value)}}`;
            const said = understood(text, "desk");
            const line = cells(row({ machine: "desk", age: 1, ...(said && { said }) }));
            assert.equal(line.length, COLUMNS.length);
            assert.match(line.join("|"), /^[ -~]{0,800}$/, text);
            for (const text of Object.values(said ?? {})) assert.match(String(text), /^[ -~]{0,500}$/);
        }
    assert.equal(understood(`{"stage":"done"}${" ".repeat(LIMIT)}`, "desk"), undefined);
});

const rows = [
    row({ machine: "desk-10", boots: "clone classroom", generation: 1, said: { stage: "write", generation: 1, rate: 5 }, age: 1 }),
    row({ machine: "desk-9", boots: "clone classroom", generation: 1, said: { stage: "write", generation: 1, rate: 7 }, age: 3 }),
    row({ machine: "desk-1", boots: "menu seats" }),
    row({ machine: "desk-2", boots: "clone classroom", generation: 1, said: { stage: "failed", generation: 1, error: "No disk" }, age: 2 }),
    row({ machine: "desk-3", boots: "clone classroom", generation: 2, said: { stage: "write", generation: 2 }, age: 900 }),
];
const order = (...args: [keyof (typeof rows)[0], boolean]) => sorted(rows, args[0] as never, args[1]).map(({ machine }) => machine);

test("rows in order: numbers as numbers, names as people count, what is not known last either way, what needs a look first", () => {
    assert.deepEqual(order("machine", false), ["desk-1", "desk-2", "desk-3", "desk-9", "desk-10"]);
    assert.deepEqual(order("machine", true), ["desk-10", "desk-9", "desk-3", "desk-2", "desk-1"]);
    assert.deepEqual(order("rate", true), ["desk-9", "desk-10", "desk-1", "desk-2", "desk-3"]);
    assert.deepEqual(order("age", false), ["desk-10", "desk-2", "desk-9", "desk-3", "desk-1"]);
    assert.deepEqual(order("stage", false), ["desk-2", "desk-3", "desk-9", "desk-10", "desk-1"]);
});

test("a filter's words all stand in the row, in any column, in any order", () => {
    const found = (filter: string) => rows.filter((one) => matches(one, filter)).map(({ machine }) => machine);
    assert.deepEqual(found("no DISK"), ["desk-2"]);
    assert.deepEqual(found("write classroom desk-9"), ["desk-9"]);
    assert.deepEqual(found("silent"), ["desk-3"]);
    assert.deepEqual(found("  "), rows.map(({ machine }) => machine));
    assert.deepEqual(found("<script>"), []);
    assert.deepEqual(counts(rows), { failed: 1, silent: 1, busy: 2, waiting: 0, done: 0, quiet: 1 });
    assert.deepEqual(Object.keys(counts([])), TONES);
});

test("a terminal with room for two of them shows the two that need a look first", async () => {
    const machine = (name: string, stage?: string) => ({ host: "root@10.0.0.2:22", machine: name, boots: "clone classroom", generation: 1, order: "none" as const, ...(stage && { said: { stage, generation: 1 }, age: 1 }) });
    const all = [machine("desk-1"), machine("desk-2", "write"), machine("desk-3", "failed")];
    const { names, rows, left } = await statusRows(all, 2);
    assert.deepEqual([names.length, rows.map(([name]) => name), left], [COLUMNS.length, ["desk-3", "desk-2"], 1]);
    const whole = await statusRows(all);
    assert.deepEqual([whole.rows.map(([name]) => name), whole.left], [["desk-1", "desk-2", "desk-3"], 0]);
});

test("nothing of the page makes markup or code out of text, or loads anything from elsewhere", () => {
    const files = globSync("*", { cwd: join(import.meta.dirname, "../../provider/page") });
    assert.deepEqual(files.sort(), ["index.html", "page.css", "page.mjs", "rows.mjs", "source.mjs"]);
    for (const file of files) {
        const source = readFileSync(join(import.meta.dirname, "../../provider/page", file), "utf8");
        assert.doesNotMatch(source, /innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|\beval\b|Function\(|srcdoc|\sstyle=|\son[a-z]+="|https?:|@import|url\(/, file);
    }
});
