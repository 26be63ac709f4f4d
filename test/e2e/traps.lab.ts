// What only the real CLI shows: each trap of Pulumi's dynamic protocol, sprung on a real master. The tests go on from one another on one stack.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { until } from "../lab/exec.ts";
import { type Lab, openLab } from "../lab/lab.ts";
import { type Master, startMaster } from "../lab/master.ts";
import { differences, inWords, type Snapshot } from "../lab/snapshot.ts";
import { killFamily } from "../pulumi/family.ts";
import { shim } from "../adapter/dynamicProvider.ts";
import { blamed, daemons, openSite, type Site, stand, written } from "./cli.ts";

let lab: Lab;
let master: Master;
let plain: Snapshot;
let site: Site;
before(async () => {
    lab = await openLab();
    master = await startMaster(lab, { daemons: true });
    plain = await master.snapshot();
    site = await openSite(lab, master, "");
});
after(async () => {
    site[Symbol.dispose]();
    await lab.close();
});

const script = (mac: string) => `/srv/netboot/http/mac/${mac}.ipxe`;
const desk1 = script("52-54-00-00-00-01");
const desk2 = script("52-54-00-00-00-02");
const there = async (path: string) => (await master.tryExec(`cat ${path}`)).stdout;
const conf = "/etc/netboot/live/dnsmasq.d/lan.conf";

const pool = (options: string) => `const lan = new netboot.DhcpPool("lan", { master: m, subnet, range, options: ${options} });\n`;
const desk = (name: string, mac: string, append: string, opts = "{}") =>
    `new netboot.Machine("${name}", { master: m, mac: "${mac}", boot: boot.kernel(rescue, { append: ${append} }) }, ${opts});\n`;
const base = "const m = master(); const rescue = image(m);\n";
const program = base + pool("{}") + desk("desk-01", "52:54:00:00:00:01", '"one"') + desk("desk-02", "52:54:00:00:00:02", '"two"');
const refused = program.replace(pool("{}"), pool('{ "option:nonsense": "1" }'));

test("what the daemon refuses fails in its own row with the daemon's words, and the rest is applied", async () => {
    site.program(refused);
    const { text } = await site.up({ expect: 1, args: ["--continue-on-error"] });
    assert.match(text, /DhcpPool "lan" on .*: netboot-dhcp\.service would not accept/);
    assert.match(text, /bad dhcp-option at line \d+ of \/etc\/netboot\/live\/dnsmasq\.d\/lan\.conf/);
    assert.deepEqual(blamed(text), ["lan"]);
    assert.match(text, /\+ 5 created/);
    assert.match(text, /MasterServer lab creating \(\d+s\) restart netboot-http\.service/, "what takes a while is told on its row");
    assert.doesNotMatch(text.slice(text.indexOf("Diagnostics:")), /restart netboot-http/, "and in passing");
    assert.match(await there(desk1), /one/);
    assert.equal(await there(conf), "");
    for (const [unit, { state }] of Object.entries(await daemons(master))) assert.equal(state, "active", unit);
    assert.equal(site.resources().lan, undefined, "nothing of it is there, and state says so");
});

test("the next up with the mended program brings what was missing, and nothing else", async () => {
    site.program(program);
    const { text } = await site.up();
    assert.match(text, /\+ 1 created/);
    assert.match(await there(conf), /dhcp-range=/);
    const then = await stand(master);
    await site.up({ args: ["--expect-no-changes"] });
    assert.deepEqual(await stand(master), then);
});

test("an update that the daemon refuses leaves the old text in service, and state as the mend needs it", async () => {
    const then = await there(conf);
    site.program(refused.replace('"one"', '"one more"'));
    const { text } = await site.up({ expect: 1 });
    assert.match(text, /bad dhcp-option/);
    assert.deepEqual(blamed(text), ["lan"]);
    assert.match(await there(desk1), /one more/);
    assert.equal(await there(conf), then);
    const { lan } = site.resources();
    assert.match(lan!.outputs.__provider, /^exports\.handler=.*"DhcpPool"/, "without it, nothing could read or delete it any more");
    assert.ok(lan!.initErrors?.length, "recorded as unwell, so that the next run comes back to it");
});

test("refresh without the program sees what is really there", async () => {
    await withoutProgram(() => site.run(["refresh", "--yes", "--skip-preview", "--run-program=false"]));
    assert.equal(site.resources().lan!.inputs.files[conf], await there(conf));
    site.program(program);
    await site.up();
    await site.up({ args: ["--expect-no-changes"] });
});

async function withoutProgram(work: () => Promise<unknown>): Promise<void> {
    renameSync(join(site.folder, "index.js"), join(site.folder, "gone.js"));
    await work();
    renameSync(join(site.folder, "gone.js"), join(site.folder, "index.js"));
}

test("a renamed machine keeps its files: the late delete of the old name takes only what is no one else's", async () => {
    const then = await daemons(master);
    site.program(program.replace('"desk-01"', '"front-desk"'));
    const { text } = await site.up();
    assert.match(text, /\+ 1 created[^]*- 1 deleted/);
    assert.match(await there(desk1), /# machine front-desk[^]*one/);
    assert.equal(await there("/srv/netboot/dhcp-hosts/desk-01"), "");
    assert.match(await there("/srv/netboot/dhcp-hosts/front-desk"), /52:54:00:00:00:01/);
    assert.deepEqual((await daemons(master))["netboot-http"], then["netboot-http"], "a script is no reason to touch nginx");
    site.program(program);
    await site.up();
    assert.match(await there(desk1), /# machine desk-01/);
});

test("--target changes one machine and no other", async () => {
    site.program(program.replace('"one"', '"uno"').replace('"two"', '"due"'));
    await site.up({ args: ["--target", site.resources()["desk-02"]!.urn] });
    assert.match(await there(desk1), /one/);
    assert.match(await there(desk2), /due/);
    site.program(program);
    await site.up();
});

test("values that are not known yet pass the preview, which names the files, and are there after up, as all outputs are", async () => {
    const later = `const later = new (class extends pulumi.dynamic.Resource {
        constructor(name) { super({ create: async () => ({ id: "1", outs: { word: "later-42", mac: "52:54:00:00:00:42" } }) }, name, { word: undefined, mac: undefined }); }
    })("later");\n`;
    const unknown = desk("desk-03", "52:54:00:00:00:03", "pulumi.interpolate`word=${later.word}`")
        + 'new netboot.Machine("desk-04", { master: m, mac: later.mac });\n'
        + 'const seats = new netboot.BootMenu("seats", { master: m, title: later.word, entries: [{ name: "a", label: "A", boot: boot.kernel(rescue, { append: later.word }) }] });\n'
        + 'const desk5 = new netboot.Machine("desk-05", { master: m, mac: "52:54:00:00:00:05", boot: boot.menu(seats) });\n'
        + 'const farm = new netboot.Fleet("farm", { master: m, machines: { "node-01": { mac: "52:54:00:00:01:01", boot: boot.kernel(rescue) } } }, { parent: m });\n'
        + 'const bench = new netboot.MachineGroup("bench", { master: m, match: { macPrefix: "52:54:02" }, boot: boot.menu(seats) });\n'
        + "const paths = (it) => it.files.apply((files) => Object.keys(files ?? {}));\n"
        + "Object.assign(exports, { files: pulumi.all([m, lan, rescue, seats, desk5, farm, bench].map(paths)), host: m.site.apply((it) => it.host), digest: rescue.digest.apply((it) => it.length), url: pulumi.interpolate`<${rescue.url}>`,\n"
        + "    next: desk5.nextBoot.apply((it) => it.split('\\n')[0]), nexts: farm.nextBoots.apply(Object.keys), group: bench.nextBoot.apply((it) => it.length > 0) });\n";
    site.program(program + later + unknown);
    const preview = await site.run(["preview", "--diff"]);
    assert.match(preview.text, /\/mac\/52-54-00-00-00-03\.ipxe *: \[unknown\]/);
    assert.match(preview.text, /nextBoot *: \[unknown\]/);
    await site.up();
    assert.match(await there(script("52-54-00-00-00-03")), /word=later-42/);
    assert.match(await there(script("52-54-00-00-00-42")), /# machine desk-04/);
    assert.match(await there("/srv/netboot/http/menu/seats.ipxe"), /later-42/);
    await site.up({ args: ["--expect-no-changes"] });

    const { files, url, ...outputs } = site.state().resources.find(({ type }: { type: string }) => type === "pulumi:pulumi:Stack").outputs;
    assert.deepEqual(outputs, { host: master.host, digest: 64, next: "undionly.kpxe or snponly.efi → mac/52-54-00-00-00-05.ipxe", nexts: ["node-01"], group: true });
    assert.match(url, new RegExp(`^<http://${master.host}/blob/.*>$`));
    assert.deepEqual(files.map((paths: string[]) => paths.length > 0), [true, true, false, true, true, true, true]);
    for (const { urn, type, outputs } of Object.values(site.resources())) assert.deepEqual([outputs.__urn, outputs.__provider], [urn, shim(type.split(":").at(-1)!)], "what the SDK says of it beforehand");
});

test("a secret is in the machine's script and nowhere else: not on the screen, not in state, not in argv", async () => {
    const [one, two] = ["hunter2-kW9x", "hunter3-Zq7r"];
    const token = 'pulumi.interpolate`token=${site.requireSecret("token")}`';
    site.program(`${program}const sealed = new netboot.KernelImage("sealed", { master: m, kernel: site.require("kernel"), cmdline: ${token} });
        new netboot.Machine("by-image", { master: m, mac: "52:54:00:00:00:08", boot: boot.kernel(sealed) });
        ${desk("safe", "52:54:00:00:00:07", token, '{ additionalSecretOutputs: ["mac"] }')}`);
    const file = script("52-54-00-00-00-07");
    await site.run(["config", "set", "--secret", "token", one]);
    let shown = (await site.run(["preview", "--diff", "--show-full-output"])).text;
    assert.ok(shown.includes(file), "the file is named");
    await master.exec("(while [ ! -e /tmp/enough ]; do cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null; sleep 0.02; done >/tmp/argv) >/dev/null 2>&1 &");
    shown += (await site.run(["up", "--yes", "--diff", "--show-full-output"])).text;
    await master.exec("touch /tmp/enough");
    for (const path of [file, script("52-54-00-00-00-08")]) assert.match(await there(path), new RegExp(`token=${one}`));
    assert.match(await master.exec("tr '\\0' '\\n' </tmp/argv | sort -u"), /sshd/, "argv was sampled");
    assert.equal(await master.exec(`tr '\\0' '\\n' </tmp/argv | grep -c '${one}' || true`), "0\n");

    await site.run(["config", "set", "--secret", "token", two]);
    const changed = (await site.run(["preview", "--diff"])).text;
    assert.match(changed, /~ revisions *: \{\n\s*~ \S*52-54-00-00-00-07\.ipxe"?: 1 => 2/);
    shown += changed + (await site.up()).text;
    assert.match(await there(file), new RegExp(`token=${two}`));
    shown += (await site.up({ args: ["--expect-no-changes"] })).text;

    // Drift in a file with a secret: it is noticed, and not shown.
    await master.exec(`echo 'echo hello-there' >>${file}`);
    const drift = await site.run(["refresh", "--preview-only", "--diff"]);
    assert.match(drift.text, /Machine::safe\][^]*~ revisions *: \{\n\s*~ \S*52-54-00-00-00-07\.ipxe"?: 2 => 3/);
    shown += drift.text;
    await site.up({ args: ["--refresh"] });
    assert.doesNotMatch(await there(file), /hello-there/);

    const state = allOf(join(site.folder, "..", "state"));
    assert.match(state, /52-54-00-00-00-07/);
    for (const word of [one, two]) {
        assert.ok(!shown.includes(word), "on the screen: " + shown.split("\n").find((line) => line.includes(word))?.slice(0, 300));
        assert.ok(!state.includes(word), "in state");
    }
    assert.ok(site.resources().safe!.outputs.mac["4dabf18193072939515e22adb298388d"], "additionalSecretOutputs is heeded");
    site.program(program);
    await site.up();
});

const allOf = (folder: string): string =>
    readdirSync(folder, { recursive: true, withFileTypes: true }).filter((it) => it.isFile()).map((it) => readFileSync(join(it.parentPath, it.name), "latin1")).join("\n");

test("an older state, without what newer code adds, previews and is brought up to date", async () => {
    const file = join(site.folder, "old.json");
    await site.run(["stack", "export", "--file", file]);
    const state = JSON.parse(readFileSync(file, "utf8"));
    for (const { type, inputs, outputs } of state.deployment.resources)
        for (const one of [inputs, outputs])
            if (/Machine$/.test(type)) delete one.nextBoot, delete one.localBoot, delete one.__ref;
            else if (/MasterServer$/.test(type)) delete one.retries, delete one.localBoot, delete one.unknownMachines, delete one.__ref, (one.bygone = { of: ["an earlier release"] });
            else if (/DhcpPool$/.test(type)) delete one.claims, delete one.ntp;
    writeFileSync(file, JSON.stringify(state));
    await site.run(["stack", "import", "--file", file]);
    assert.match((await site.run(["preview", "--diff"])).text, /~ 4 to update/);
    const ours = async () => (await written(master)).replace(/^\/var\/lib\/netboot.*\n/gm, "");
    const then = await ours();
    await site.run(["refresh", "--yes", "--skip-preview"]);
    await site.up();
    await site.up({ args: ["--expect-no-changes"] });
    assert.equal(site.resources().lab!.inputs.bygone, undefined);
    assert.equal(await ours(), then, "what was as it should be stays as it is");
});

test("a protected machine that the program no longer has stays, and so do its files", async () => {
    const desk01 = desk("desk-01", "52:54:00:00:00:01", '"one"');
    site.program(program.replace(desk01, desk("desk-01", "52:54:00:00:00:01", '"one"', "{ protect: true }")));
    await site.up();
    const then = await written(master);
    site.program(program.replace(desk01, ""));
    assert.match((await site.up({ expect: 1 })).text, /because it is protected/);
    assert.equal(await written(master), then);
    site.program(program);
    await site.up();
});

test("destroy without the program, after an up that failed half-way, leaves the master as it was", async () => {
    site.program(refused);
    await site.up({ expect: 1 });
    await withoutProgram(() => site.destroy({ args: ["--run-program=false"] }));
    assert.equal(inWords(differences(plain, await master.snapshot())), "");
});

test("killed in the middle of the first up, with the provider: cancel, and up again converges", async () => {
    site.program(base + desk("desk-01", "52:54:00:00:00:01", '"one"'));
    const child = spawn("pulumi", ["up", "--yes", "--skip-preview", "--non-interactive"], { cwd: site.folder, env: site.env, stdio: "ignore" });
    const closed = new Promise((resolve) => child.on("close", resolve));
    await until("the first words to the master", 60_000, async () => ((await master.tryExec("test -s /var/lib/netboot/lock")).exitCode === 0 ? true : undefined));
    killFamily(child.pid!);
    await closed;

    // The file backend keeps the lock of the dead run: its message says to cancel.
    const locked = await site.up({ expect: "any" });
    assert.notEqual(locked.code, 0);
    assert.match(locked.text, /pulumi cancel/);
    await site.run(["cancel", "--yes"]);
    await site.up();
    assert.match(await there(desk1), /one/);
    for (const [unit, { state }] of Object.entries(await daemons(master))) assert.equal(state, "active", unit);
    const then = await stand(master);
    await site.up({ args: ["--expect-no-changes"] });
    assert.deepEqual(await stand(master), then);
});

test("another master's address is a move: the old one is left as it was, the new one serves", async () => {
    const other = await startMaster(lab, { address: lab.at(4), name: "other" });
    for (const [key, value] of Object.entries({ host: other.host, hostKey: other.hostKey, address: other.host })) await site.run(["config", "set", key, value]);
    const { text } = await site.up();
    assert.match(text, /\+-3 replaced/);
    assert.equal(inWords(differences(plain, await master.snapshot())), "");
    assert.match(await other.exec(`cat ${desk1}`), /one/);
    for (const [unit, { state }] of Object.entries(await daemons(other))) assert.equal(state, "active", unit);
    await site.destroy();
    assert.equal((await other.tryExec("ls -Ad /srv/* /etc/netboot /var/lib/netboot")).stdout, "");
});
