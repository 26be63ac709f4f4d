// What the page asks of a master, and when: a master of a few lines, with nginx's listings.
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { inWords, look, memory } from "../../provider/dist/page/source.mjs";

interface File {
    text: string;
    /** Seconds. */
    time: number;
}

/** Answers as nginx does; `asked` holds the paths since it was last read. */
function stub(t: TestContext) {
    const master = { now: 1000, assigned: {} as Record<string, File>, reports: {} as Record<string, File>, asked: [] as string[], broken: undefined as number | undefined };
    const date = (seconds: number) => new Date(seconds * 1000).toUTCString();
    const listed = (files: Record<string, File>, type: string) => JSON.stringify(Object.entries(files).map(([name, { time, text }]) => ({ name, type, mtime: date(time), ...(type === "file" && { size: text.length }) })));
    const answer = (path: string) => {
        if (path === "assigned/") return listed(master.assigned, "file");
        if (path === "reports/") return listed(master.reports, "directory");
        const [folder, name] = path.split("/").map(decodeURIComponent);
        return (folder === "assigned" ? master.assigned : master.reports)[name!]?.text || undefined;
    };
    t.mock.method(globalThis, "fetch", async (path: string) => {
        master.asked.push(path);
        if (master.broken) return new Response("no", { status: master.broken });
        const text = answer(path);
        return new Response(text ?? "not found", { status: text === undefined ? 404 : 200, headers: { date: date(master.now) } });
    });
    return { master, since: () => master.asked.splice(0) };
}
const report = (machine: string, stage: string) => JSON.stringify({ machine, stage });
const fleet = (machines: Record<string, object>) => `{"machines":${JSON.stringify(machines)}}`;

test("the first look asks for everything once, the next ones for what has changed", async (t) => {
    const { master, since } = stub(t);
    master.assigned["fleet-hall.json"] = { text: fleet({ a: { boots: "rescue" }, b: { boots: "clone x", generation: 2 } }), time: 1 };
    master.reports = { a: { text: report("a", "write"), time: 990 }, b: { text: "", time: 5 }, ghost: { text: report("ghost", "done"), time: 5 } };
    const known = memory();
    const first = await look(known);
    assert.deepEqual(since().sort(), ["assigned/", "assigned/fleet-hall.json", "reports/", "reports/a/status", "reports/b/status"]);
    assert.deepEqual(first, { machines: [{ machine: "a", boots: "rescue", generation: undefined, said: { stage: "write" }, age: 10 }, { machine: "b", boots: "clone x", generation: 2 }], unreadable: [], unknown: 1 });
    master.now = 1003;
    assert.equal((await look(known)).machines[0]!.age, 13);
    assert.deepEqual(since(), ["assigned/", "reports/"]);
    master.reports.b = { text: report("b", "start"), time: 1003 };
    assert.deepEqual((await look(known)).machines[1]!.said, { stage: "start" });
    assert.deepEqual(since(), ["assigned/", "reports/", "reports/b/status"]);
    // In the same second another report: the listing cannot tell.
    master.reports.b.text = report("b", "disk");
    master.now = 1006;
    assert.deepEqual((await look(known)).machines[1]!.said, { stage: "disk" });
    assert.equal(since().length, 3);
    await look(known);
    assert.equal(since().length, 2);
});

test("a machine that is no longer declared goes, with what it said; a resource with an odd name is only a name", async (t) => {
    const { master } = stub(t);
    master.assigned = { "machine-a.json": { text: fleet({ a: { boots: "rescue" } }), time: 1 }, "machine-b.json": { text: fleet({ b: { boots: 7, generation: "3" } }), time: 1 } };
    master.reports = { a: { text: "no JSON", time: 1 }, "<b>": { text: "{}", time: 1 } };
    const known = memory();
    assert.deepEqual(await look(known), { machines: [{ machine: "a", boots: "rescue", generation: undefined, said: undefined, age: 999 }, { machine: "b", boots: "7", generation: undefined }], unreadable: ["a"], unknown: 1 });
    delete master.assigned["machine-a.json"];
    assert.deepEqual(await look(known), { machines: [{ machine: "b", boots: "7", generation: undefined }], unreadable: [], unknown: 2 });
});

test("a thousand that report at once: a look fetches a hundred again, each in its turn", async (t) => {
    const { master, since } = stub(t);
    const names = Array.from({ length: 250 }, (_, i) => `m${i}`);
    master.assigned["fleet-m.json"] = { text: fleet(Object.fromEntries(names.map((name) => [name, { boots: "rescue" }]))), time: 1 };
    const all = (stage: string, time: number) => (master.reports = Object.fromEntries(names.map((name) => [name, { text: report(name, stage), time }])));
    all("start", 1);
    const known = memory();
    await look(known);
    assert.equal(since().length, 3 + 250);
    const counted: number[] = [];
    for (const now of [1010, 1020, 1030, 1040]) {
        if (now === 1010) all("write", 1005);
        master.now = now;
        const { machines } = await look(known);
        counted.push(since().length - 2, machines.filter(({ said }: any) => said.stage === "write").length);
    }
    assert.deepEqual(counted, [100, 100, 100, 200, 50, 250, 0, 250]);
});

test("a report that is too large is read no further", async (t) => {
    const { master } = stub(t);
    master.assigned["machine-a.json"] = { text: fleet({ a: { boots: "rescue" } }), time: 1 };
    master.reports.a = { text: `{"stage":"done"}${" ".repeat(100_000)}`, time: 1 };
    assert.deepEqual((await look(memory())).unreadable, ["a"]);
});

test("why a look has failed is said in words that are the same in every browser", async (t) => {
    const { master } = stub(t);
    const failure = () => look(memory()).then(() => "none", inWords);
    const said: [number, string][] = [
        [403, "The master does not show the page to this computer: page.allow does not name its address."],
        [404, "The master has no page any more."],
        [502, "The master answers 502 to assigned/."],
    ];
    for (const [status, words] of said) {
        master.broken = status;
        assert.equal(await failure(), words);
    }
    master.broken = 200;
    assert.equal(await failure(), "What the master answers cannot be read.");
    const failing = (error: Error) => t.mock.method(globalThis, "fetch", () => Promise.reject(error));
    failing(new TypeError("Failed to fetch"));
    assert.equal(await failure(), "The master does not answer (Failed to fetch).");
    failing(new DOMException("signal timed out", "TimeoutError"));
    assert.equal(await failure(), "The master has not answered for 15 s.");
});
