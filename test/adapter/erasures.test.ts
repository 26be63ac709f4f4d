// What check says of orders to erase: how many, which, and never again by a lower number.
import assert from "node:assert/strict";
import { test } from "node:test";
import { check } from "../../provider/dist/pulumi/check.js";
import { resourceType } from "../../provider/dist/resources/registry.js";
import { UNKNOWN } from "../../provider/dist/unknown.js";
import { handle, machine, master, urn } from "./inputs.ts";

const image = { name: "classroom", digest: "4".repeat(64) };
let next = 0;
/** A machine that is cloned, on a master of this host: erasures are counted by master. */
const clone = (name: string, host: string, generation: number, most = 10): any =>
    machine(name, {
        mac: `52:54:00:00:01:${(next++).toString(16).padStart(2, "0")}`,
        boot: { kind: "clone", image, disk: "only", generation },
        __master: handle({ ref: { ...master, host, maxErase: most, imaging: { id: "5b1ac0de", cmdline: "quiet" } } }),
    });
const judged = (olds: any, news: any): any => check(resourceType("Machine"), olds, news);

test("a first generation is an erasure, the same again none, and state remembers the highest for ever", () => {
    const news = clone("a", "10.1.0.1", 1);
    const first = judged({}, news);
    assert.deepEqual(first.erase, [{ machine: "a", generation: 1 }]);
    assert.deepEqual(first.inputs.__ordered, { a: 1 });
    const again = judged(first.inputs, news);
    assert.deepEqual([again.erase, again.inputs], [[], first.inputs]);
    const local = judged(again.inputs, { ...news, boot: { kind: "local" } });
    assert.deepEqual([local.inputs.orders, local.inputs.__ordered], [undefined, { a: 1 }]);
    const back = judged(local.inputs, { ...news, boot: { ...news.boot, generation: 3 } });
    assert.deepEqual([back.erase, back.inputs.__ordered], [[{ machine: "a", generation: 3 }], { a: 3 }]);
});

test("a generation that was taken back is announced and counted again: its host gives the order again where no machine had begun it", () => {
    const clones = ["e1", "e2"].map((name) => clone(name, "10.1.0.20", 1, 2));
    const locals = clones.map((news) => judged(judged({}, news).inputs, { ...news, boot: { kind: "local" } }));
    assert.deepEqual(locals.map(({ erase }) => erase), [[], []]);
    const back = clones.map((news, i) => judged(locals[i].inputs, news));
    assert.deepEqual(back[0].erase, [{ machine: "e1", generation: 1, again: true }]);
    assert.equal(back[0].erases, "ERASES 1 machine: e1 (generation 1, ordered before: where it has not begun)");
    const fewer = { ...clones[1], __master: clone("e2", "10.1.0.20", 1, 1).__master };
    assert.match(judged(locals[1].inputs, fewer).failures[0].reason, /boot\.generation of e2 would make 2 machines that this run orders erased, and maxErase of the master is 1/);
    assert.deepEqual(judged(back[0].inputs, clones[0]).erase, []);
});

const installer = { name: "bookworm", digest: "5".repeat(64), family: "debian", kernel: "/installer/5b1ac0de/linux", initrds: [], cmdline: "quiet", template: "d-i passwd/root-password-crypted password {{ answers.hash | line }}\n" };
const install = (name: string, host: string, generation: number, answers: Record<string, string>, most = 10): any => ({
    ...clone(name, host, generation), boot: { kind: "install", installer, disk: "only", generation, answers },
    __master: handle({ ref: { ...master, host, maxErase: most, installers: true } }),
});

test("an installation is an erasure as a clone is; one in place of the other needs a generation of its own", () => {
    const cloned = judged({}, clone("f1", "10.1.0.6", 1));
    const news = install("f1", "10.1.0.6", 1, { hash: "x" });
    assert.match(judged(cloned.inputs, news).failures[0].reason, /^boot\.generation is 1 for f1, and that was ordered already, for a clone: say 2 to order an installation\.$/);
    const again = judged(cloned.inputs, { ...news, boot: { ...news.boot, generation: 2 } });
    assert.deepEqual(again.erase, [{ machine: "f1", generation: 2 }]);
    assert.match(judged({}, install("f2", "10.1.0.6", 1, { hash: "x" }, 1)).failures[0].reason, /would make 2 machines that this run orders erased, and maxErase of the master is 1/);
    assert.match(judged(again.inputs, news).failures[0].reason, /boot\.generation is 1 for f1, and 2 was ordered already/);
});

test("a secret answer hides the answer file, and nothing else", () => {
    const hash = "$6$salt$secret";
    const { inputs } = judged({}, { ...install("g1", "10.1.0.7", 1, { hash, role: "web" }), __secrets: [["boot", "answers", "hash"]] });
    const file = "/srv/netboot/http/answers/g1/preseed.cfg";
    assert.match(inputs.files[file].value, /\$6\$salt\$secret/);
    assert.deepEqual(inputs.revisions, { [file]: 1 });
    const { [file]: _, ...others } = inputs.files;
    const { boot, ...rest } = inputs;
    assert.ok(!JSON.stringify({ ...rest, files: others }).includes(hash));
    assert.equal(boot.answers.hash.value, hash);
    assert.match(JSON.stringify(others), /set netboot-cmdline quiet auto=true/);
    assert.match(inputs.nextBoot, /ERASES its only fixed disk/);
    const { failures } = judged({}, { ...install("g2", "10.1.0.7", 1, { hash: `${hash}\nd-i x` }), __secrets: [["boot", "answers", "hash"]] });
    assert.ok(failures.length && !JSON.stringify(failures).includes("secret\\n"));
});

test("a lower generation is refused, with the two numbers that make sense", () => {
    const news = clone("b", "10.1.0.2", 3);
    const { inputs } = judged({}, news);
    const { failures } = judged(inputs, { ...news, boot: { ...news.boot, generation: 2 } });
    assert.equal(failures[0].reason, "boot.generation is 2 for b, and 3 was ordered already: keep 3 to leave the disk as it is, or say 4 to erase it once more.");
});

test("more erasures in one run than the master allows are refused, by name", () => {
    for (const name of ["c1", "c2"]) assert.deepEqual(judged({}, clone(name, "10.1.0.3", 1, 2)).failures, []);
    const { failures } = judged({}, clone("c3", "10.1.0.3", 1, 2));
    assert.match(failures[0].reason, /boot\.generation of c3 would make 3 machines that this run orders erased, and maxErase of the master is 2: set maxErase: 3/);
    assert.deepEqual(judged({}, clone("d1", "10.1.0.4", 1, 1)).failures, [], "another master counts for itself");
});

test("each notice says how many machines this run erases by then, however many resources they are", () => {
    const [one, two, three] = ["h1", "h2", "h3"].map((name) => judged({}, clone(name, "10.1.0.10", 1, 3)).erases);
    assert.equal(one, "ERASES 1 machine: h1 (generation 1)");
    assert.equal(two, "ERASES 1 machine: h2 (generation 1); 2 machines in this run so far, of at most 3 (maxErase)");
    assert.equal(three, "ERASES 1 machine: h3 (generation 1); 3 machines in this run so far, of at most 3 (maxErase)");
    const news = clone("h4", "10.1.0.11", 1, 3);
    const { inputs, erases } = judged({}, news);
    assert.equal(erases, "ERASES 1 machine: h4 (generation 1)", "another master counts for itself");
    assert.equal(judged(inputs, news).erases, undefined);
});

test("each machine of a group counts, and one that is added later is the only one erased then", () => {
    const room = (macs: string[], generation: number): any => ({ ...clone("room", "10.1.0.8", generation, 2), __urn: urn("MachineGroup", "room"), mac: undefined, match: { macs }, confirmErase: true });
    const judge = (olds: any, news: any): any => check(resourceType("MachineGroup"), olds, JSON.parse(JSON.stringify(news)));
    const [one, two, three] = ["52:54:00:00:02:01", "52:54:00:00:02:02", "52:54:00:00:02:03"] as [string, string, string];
    const first = judge({}, room([one, two], 1));
    assert.deepEqual(first.erase.map(({ machine }: any) => machine), ["52-54-00-00-02-01", "52-54-00-00-02-02"]);
    const more = judge(first.inputs, room([one, two, three], 1));
    assert.deepEqual([more.erase, more.inputs.__ordered], [[{ machine: "52-54-00-00-02-03", generation: 1 }], { "52-54-00-00-02-01": 1, "52-54-00-00-02-02": 1, "52-54-00-00-02-03": 1 }]);
    const { failures } = judge(more.inputs, room([one, two, three], 2));
    assert.match(failures[0].reason, /boot\.generation of 52-54-00-00-02-01, 52-54-00-00-02-02, 52-54-00-00-02-03 would make 3 machines that this run orders erased, and maxErase of the master is 2/);
});

test("a group with a machine that is not known yet says so of all that depends on it", () => {
    const { inputs, failures } = check(resourceType("MachineGroup"), {}, { ...clone("hall", "10.1.0.9", 1), __urn: urn("MachineGroup", "hall"), mac: undefined, match: { macs: [UNKNOWN] }, confirmErase: true }) as any;
    assert.deepEqual(failures, []);
    for (const kind of ["orders", "reports", "links"]) assert.equal(inputs[kind], UNKNOWN, kind);
    assert.equal(inputs.files["/srv/netboot/http/group/hall.ipxe"], UNKNOWN);
});

test("machines that were erased by an earlier run do not count", () => {
    const news = clone("e1", "10.1.0.5", 1, 1);
    const { inputs } = judged({}, news);
    judged(inputs, news);
    assert.deepEqual(judged({}, clone("e2", "10.1.0.5", 1, 1)).failures, []);
});
