// What an unknown machine says, and what becomes of it in a terminal and in a program: whoever is on the boot network may say anything.
import assert from "node:assert/strict";
import { test } from "node:test";
import ts from "typescript";
import { understood, words } from "../../provider/dist/discovery/hardware.js";
import { named, patternFault, rows, typescript } from "../../provider/dist/discovery/names.js";
import { discoveredRows } from "../../provider/dist/pulumi/discovered.js";
import { unknownScript } from "./unknownScript.ts";

const mac = "52:54:00:00:00:99";
const honest = { mac, uuid: "11111111-2222-3333-4444-555555555513", serial: "S 1", maker: "QEMU", model: "Standard PC (Q35)", firmware: "uefi", version: "EDK II", cpu: "Xeon", cpus: 2, memory: 2 ** 30,
    cards: [{ name: "eth0", mac, link: true }], disks: [{ name: "sda", serial: "QM00001", transport: "sata", size: 512e9 }], time: 12 };
const said = (more: object) => understood(JSON.stringify({ ...honest, ...more }), mac)!;

test("of a report only what it may hold is taken", () => {
    const { mac: _, time: __, ...rest } = honest;
    assert.deepEqual(said({ shell: "rm", __proto__: { uuid: "x" } }), rest);
    assert.equal(words.disks(said({})), "sda 512 GB (QM00001)");
    assert.deepEqual(understood("{}", mac), { cards: [], disks: [] });
    for (const text of ["", "{", "null", "[]", '"x"', "7", JSON.stringify(honest).replace("00:99", "00:98"), JSON.stringify({ ...honest, cpu: "x".repeat(20_000) }), "[".repeat(16_000)]) assert.equal(understood(text, mac), undefined, text.slice(0, 40));
    assert.deepEqual(said({ serial: 7, maker: null, cpus: -1, memory: 1e300, cards: { length: 1e9 }, disks: [null, 7, "sda", { size: "1", name: { toString: "x" } }] }), { uuid: rest.uuid, model: rest.model, firmware: "uefi", version: rest.version, cpu: "Xeon", cards: [], disks: [{}] });
    assert.equal(said({ disks: Array(1000).fill({ size: 1 }) }).disks.length, 32);
});

const attacks = ["\u001b[2J\u001b]0;owned\u0007", "<img src=x onerror=alert(1)>", '"); process.exit(3); ("', "*/ process.exit(3) /*", "\n; process.exit(3); //", "\u2028process.exit(3)\u2029", "`${process.exit(3)}`", "\\\" + process.exit(3) + \\\"", "x".repeat(10_000), "\u202egnp.exe", "=cmd|' /C calc'!A0", ",admin"];

test("whatever a machine says, a table and lines for the program stay what they are", async () => {
    for (const attack of attacks) {
        const hardware = said({ uuid: attack, serial: attack, maker: attack, model: attack, firmware: attack, cpu: attack, cards: [{ name: attack, mac: attack }], disks: [{ name: attack, serial: attack, size: 1 }] });
        const { rows: [row] } = await discoveredRows([{ host: "h", mac, age: 5, hardware }]);
        assert.match(row!.join(""), /^[\x20-\x7e]{1,800}$/, attack);
        // A placeholder of a MAC address makes the serial number the identity.
        for (const from of [mac, "00:00:00:00:00:00"]) {
            const { named: given, unnamed } = named([{ mac: from, hardware }], "pc-{n}", new Set());
            assert.equal(given.length + unnamed.length, 1);
            inert(typescript(given), attack);
            assert.match(rows(given), /^(pc-1,52:54:00:00:00:99\n)?$/);
        }
        const { named: bySerial } = named([{ mac, hardware }], "pc-{serial}", new Set());
        inert(typescript(bySerial), attack);
    }
});

/** One `new netboot.Machine(…)` a machine, with text alone in it. */
function inert(text: string, attack: string): void {
    const source = ts.createSourceFile("pasted.ts", text, ts.ScriptTarget.Latest);
    for (const statement of source.statements) assert.match(statement.getText(source), /^new netboot\.Machine\("[A-Za-z0-9._-]+", \{ master, (mac|uuid|serial): "(?:[^"\\]|\\.)*" \}\);$/, `${attack}: ${text}`);
    assert.equal((source as any).parseDiagnostics.length, 0);
    assert.equal(source.statements.length, text === "" ? 0 : 1, text);
}

test("names go by the pattern, in the order in which machines came, past names that there are", () => {
    const strangers = [1, 2, 3].map((n) => ({ mac: `52:54:00:00:01:0${n}`, hardware: said({ serial: ["A1", "A1", "b/2"][n - 1] }) }));
    const names = (pattern: string, taken: string[] = []) => named(strangers, pattern, new Set(taken)).named.map(({ name }) => name);
    assert.deepEqual(names("pc-{n}"), ["pc-1", "pc-2", "pc-3"]);
    assert.deepEqual(names("{nnn}-hall", ["002-hall"]), ["001-hall", "003-hall", "004-hall"]);
    assert.deepEqual(names("m-{mac}")[0], "m-52-54-00-00-01-01");
    const { named: given, unnamed } = named(strangers, "s-{serial}", new Set());
    assert.deepEqual(given.map(({ name }) => name), ["s-A1"]);
    assert.deepEqual(unnamed.map(({ why }) => why), ['"s-A1" is another machine\'s name', '"s-b/2" is no name, as {serial} in the pattern would make it']);
    assert.equal(typescript(given), '// s-A1: QEMU Standard PC (Q35); serial A1; 2 x Xeon; 1.0 GiB; sda 512 GB (QM00001)\nnew netboot.Machine("s-A1", { master, mac: "52:54:00:00:01:01" });\n');
    assert.equal(patternFault("pc-{nn}"), undefined);
    for (const pattern of ["pc", "pc-{m}", "", "{x}{n}", "-{n}", "a b{n}", `${"x".repeat(63)}{n}`]) assert.ok(patternFault(pattern), pattern);
});

test("a MAC address that many cards have is no identity", () => {
    const odd = (hardware?: object) => named([{ mac: "00:00:00:00:00:00", ...(hardware && { hardware: said(hardware) }) }], "pc-{n}", new Set());
    assert.deepEqual(odd({}).named[0]!.by, { uuid: honest.uuid });
    assert.deepEqual(odd({ uuid: "03000200-0400-0500-0006-000700080009" }).named[0]!.by, { serial: "S 1" });
    for (const hardware of [undefined, { uuid: "x", serial: "Default string" }]) assert.match(odd(hardware).unnamed[0]!.why, /^its MAC address is 00:00:00:00:00:00, which is what an unprogrammed network card reports, and it has neither/);
});

test("an unknown machine asks once; only a yes, and nothing that goes wrong, leads into the imaging system, and then to what the rule says", () => {
    const script = unknownScript({ imaging: {}, unknownMenu: "classroom" });
    const at = (line: RegExp) => {
        const found = script.findIndex((one) => line.test(one));
        assert.ok(found >= 0, `${line}\n${script.join("\n")}`);
        return found;
    };
    const order = [/^clear netboot-register \|\|$/, /^chain .* \/register\.ipxe\?mac=\$\{netX\/mac:hexhyp\} \|\| chain .* \|\|$/, /^isset \$\{netboot-register\} \|\| goto registered$/,
        /^kernel .* \/imaging\/[0-9a-f]+\/vmlinuz .* netboot\.machine=\$\{netX\/mac:hexhyp\} netboot\.mac=\$\{netX\/mac\} netboot\.register=1 \|\| goto registered$/, /^boot \|\| goto registered$/, /^:registered$/, /^chain .* \/menu\/classroom\.ipxe/, /^:local$/].map(at);
    assert.deepEqual(order, order.toSorted((a, b) => a - b));
    assert.ok(!unknownScript({}).some((line) => /imaging|register\.ipxe/.test(line)), "without an imaging system it leaves a line, and no more");
});
