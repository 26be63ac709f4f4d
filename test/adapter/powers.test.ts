// What check says of machines that would be switched: before it is done, once, and of no others.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { check } from "../../provider/dist/pulumi/check.js";
import { booted, powerNotices, rebooted, remembered } from "../../provider/dist/pulumi/powers.js";
import { poweredMachines } from "../../provider/dist/index.js";
import { resourceType } from "../../provider/dist/resources/registry.js";
import { type DynamicProvider, startDynamicProvider } from "./dynamicProvider.ts";
import { image, machine, onMaster } from "./inputs.ts";

const SECRET = "4dabf18193072939515e22adb298388d";
const key = "mac-52-54-00-00-02-01";
const ipmi = { driver: "ipmi", host: "10.0.9.21", user: "netboot", password: "correct horse", onChange: "cycle" };
const desk = (more: object = {}): any => machine("desk", { mac: "52:54:00:00:02:01", power: ipmi, ...more });
const other = { boot: { kind: "kernel", image, append: "single" } };
const judged = (olds: any, news: any, type = "Machine"): any => {
    const seen = check(resourceType(type), olds, news);
    assert.deepEqual(seen.failures, []);
    return seen;
};
/** The line behind the way to it: of a new text, previews show three. */
const second = (text: string) => text.split("\n")[1];

test("a new machine, and one that boots something else, is said to be switched; one that does not is not", () => {
    const first = judged({}, desk());
    assert.equal(second(first.inputs.nextBoot), "and will be power-cycled now, unless that was done for this boot before");
    assert.deepEqual(first.switched, ["POWER-CYCLES 1 machine: desk"]);
    const again = judged(first.inputs, desk());
    assert.deepEqual([again.inputs, again.switched], [first.inputs, []], "a second run has nothing to say, and nothing to take back");
    const changed = judged(again.inputs, desk(other));
    assert.equal(second(changed.inputs.nextBoot), "and will be power-cycled now");
    assert.deepEqual(changed.switched, ["POWER-CYCLES 1 machine: desk"]);
    const moved = judged(changed.inputs, desk({ ...other, hostname: "desk" }));
    assert.deepEqual([moved.inputs.nextBoot, moved.switched], [changed.inputs.nextBoot, []]);
});

test("each way has its words, and `none` has none", () => {
    const words = (onChange: string, driver: object = {}) => second(judged(judged({}, desk({ power: undefined })).inputs, desk({ ...other, power: { ...ipmi, ...driver, onChange } })).inputs.nextBoot);
    assert.equal(words("on"), "and will be switched on now");
    assert.equal(words("cycleIfIdle"), "and will be power-cycled now, if the master sees it idle");
    assert.match(words("none")!, /^kernel image/);
});

test("a machine that gets its power later is switched for a change alone, and the master is told what it booted before", () => {
    const without = judged({}, desk({ power: undefined })).inputs;
    const { inputs, switched } = judged(without, desk());
    assert.deepEqual([inputs.nextBoot, switched], [without.nextBoot, []]);
    assert.deepEqual(remembered(inputs.powers, without)[key], { ...inputs.powers[key], before: inputs.powers[key].boots });
    const later = judged(inputs, desk(other)).inputs;
    assert.deepEqual(remembered(later.powers, inputs)[key], { ...later.powers[key], known: inputs.powers[key].boots });
    assert.deepEqual(remembered(inputs.powers, {}), inputs.powers);
});

test("what was due is due still after an operation that failed before the master had a note", () => {
    const failed = (olds: any, news: any) => ({ ...news, __unwell: true, ...booted(news.powers, olds) });
    const known = (olds: any, news: any) => remembered(news.powers, olds)[key]!.known;
    const first = judged({}, desk()).inputs;
    assert.equal(known(failed({}, first), first), undefined, "a new machine");
    const without = judged({}, desk({ power: undefined })).inputs;
    const given = judged(without, desk(other)).inputs;
    assert.equal(known(failed(without, given), given), first.powers[key].boots, "one that was given its power, and something else to boot");
    assert.equal(known(failed(without, first), first), first.powers[key].boots, "one that was given its power alone");
    const twice = failed(failed(without, given), given);
    assert.equal(known(twice, given), first.powers[key].boots, "a second failure forgets nothing");
    assert.deepEqual(powerNotices(twice, given.powers), ["POWER-CYCLES 1 machine: desk"]);
    assert.deepEqual(powerNotices({ ...twice, ...rebooted(twice, given.powers) }, given.powers), [], "a refresh has seen that it was done");
    assert.deepEqual(rebooted(given, given.powers), {});
});

test("what is due no longer is no longer said", () => {
    const { inputs } = judged({}, desk());
    assert.match(second(judged(inputs, desk({ power: { ...ipmi, onChange: "none" } })).inputs.nextBoot)!, /^kernel image/);
    assert.match(second(judged(inputs, desk({ power: { ...ipmi, onChange: "on" } })).inputs.nextBoot)!, /^kernel image/);
    const idle = judged({}, desk({ power: { ...ipmi, onChange: "cycleIfIdle" } })).inputs;
    assert.match(second(judged(idle, desk()).inputs.nextBoot)!, /^kernel image/, "what begins alike is not the same");
});

test("a debt that refresh found is announced", () => {
    const { inputs } = judged({}, desk());
    const refreshed = { ...inputs, powers: { [key]: { ...inputs.powers[key], boots: "-" } } };
    assert.deepEqual(powerNotices(refreshed, inputs.powers), ["POWER-CYCLES 1 machine: desk"]);
});

test("a fleet says it of each of its machines, and a row that is renamed is no new machine", () => {
    const fleet = (machines: object): any => ({ ...onMaster("Fleet", "farm"), machines });
    const node = (n: number, more: object = {}) => ({ mac: `52:54:00:00:03:0${n}`, power: { ...ipmi, host: `10.0.9.3${n}` }, ...more });
    const first = judged({}, fleet({ "node-1": node(1), "node-2": node(2), "node-3": { mac: "52:54:00:00:03:03" } }), "Fleet");
    assert.deepEqual(first.switched, ["POWER-CYCLES 2 machines: node-1, node-2"]);
    const next = judged(first.inputs, fleet({ "seat-1": node(1), "node-2": node(2, { boot: { kind: "shell" } }), "node-3": { mac: "52:54:00:00:03:03" } }), "Fleet");
    assert.deepEqual(next.switched, ["POWER-CYCLES 1 machine: node-2"]);
    assert.deepEqual(Object.values<string>(next.inputs.nextBoots).map((text) => /and will be/.test(text)), [false, true, false]);
});

test("two machines with one BMC are told of each other", () => {
    judged({}, machine("bmc-1", { mac: "52:54:00:00:02:11", power: { ...ipmi, host: "10.0.9.99" } }));
    const { failures } = check(resourceType("Machine"), {}, machine("bmc-2", { mac: "52:54:00:00:02:12", power: { ...ipmi, host: "10.0.9.99" } }) as any);
    assert.match(failures[0]!.reason, /^power\.host is 10\.0\.9\.99:623, and so is power\.host of Machine "bmc-1": no two can share a BMC/);
});

test("a BMC or a card is one however it is written", () => {
    const redfish = (url: string) => ({ driver: "redfish", url, user: "netboot", password: "x" });
    const pairs: [object, object, RegExp][] = [
        [{ ...ipmi, host: "bmc-7.lab" }, { ...ipmi, host: "BMC-7.lab" }, /no two can share a BMC/],
        [redfish("https://bmc-8.lab"), redfish("https://BMC-8.lab:443"), /no two can share a BMC/],
        [{ driver: "wol" }, { driver: "wol", mac: "52-54-00-00-02-51" }, /^power\.mac is 52:54:00:00:02:51, and so is mac of Machine "card-1": no two can share a MAC address/],
    ];
    for (const [one, two, words] of pairs) {
        judged({}, machine("card-1", { mac: "52:54:00:00:02:51", power: one }));
        const { failures } = check(resourceType("Machine"), {}, machine("card-2", { mac: "52:54:00:00:02:52", power: two }) as any);
        assert.match(failures[0]?.reason ?? "none", words);
    }
});

let provider: DynamicProvider;
before(async () => void (provider = await startDynamicProvider(join(import.meta.dirname, "..", ".."))));
after(() => provider.stop());

test("the password is sealed wherever it is, quoted in no failure, and known to the command line alone", async () => {
    const secret = desk({ mac: "52:54:00:00:02:21", power: { ...ipmi, host: "10.0.9.41" }, __secrets: [["power", "password"]] });
    const { inputs } = await provider.check("Machine", secret);
    assert.equal((inputs as any).power.password[SECRET], "1b47061264138c4ac30d75fd1eb44270");
    assert.equal(JSON.stringify(inputs).split("correct horse").length, 2, "it is there more than once");
    assert.match((inputs as any).nextBoot, /and will be power-cycled now/);
    const { failures } = await provider.check("Machine", { ...secret, power: { ...secret.power, password: "much too long for IPMI, and secret" } });
    assert.doesNotMatch(JSON.stringify(failures), /much too long/);
    assert.match(failures[0]!.reason, /^power\.password is a secret/);
    const known = poweredMachines([{ type: "pulumi-nodejs:dynamic/netboot:Machine", inputs: check(resourceType("Machine"), {}, { ...secret, __secrets: [] }).inputs }]);
    assert.deepEqual(known.map(({ way }: any) => [way.machine, way.password]), [["desk", "correct horse"]]);
});

test("a line that was said is no change, for diff as for a reader of the outputs", async () => {
    const said = (await provider.check("Machine", desk({ mac: "52:54:00:00:02:31" }))).inputs as any;
    const silent = { ...said, nextBoot: said.nextBoot.split("\n").toSpliced(1, 1).join("\n") };
    assert.equal((await provider.diff("Machine", silent, said)).changes, false);
    assert.equal((await provider.diff("Machine", silent, { ...said, nextBoot: `${said.nextBoot}x` })).changes, true);
});
