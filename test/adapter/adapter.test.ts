// The adapter inside Pulumi's own dynamic-provider process, over gRPC, without the CLI and without a host: whatever needs one fails here,
// as 192.0.2.1 (TEST-NET-1) answers nobody. Each trap of the dynamic protocol has a test.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { type DynamicProvider, shim, startDynamicProvider } from "./dynamicProvider.ts";
import { connection, handle, image, machine, master, masterServer, onMaster } from "./inputs.ts";

const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
const SECRET = "4dabf18193072939515e22adb298388d";
let provider: DynamicProvider;
before(async () => void (provider = await startDynamicProvider(join(import.meta.dirname, "..", ".."))));
after(() => provider.stop());

const file = "/srv/netboot/http/mac/52-54-00-00-00-01.ipxe";
const checked = async (type: string, news: any, olds?: any) => {
    const { inputs, failures } = await provider.check(type, news, olds);
    assert.deepEqual(failures, []);
    return inputs as any;
};

/** What the failures are about: Pulumi is given the reasons alone, which begin with it. */
const named = (failures: { property: string; reason: string }[]) => failures.map(({ property, reason }) => property + reason.split(" ")[0]);

test("the provider text in state is a short constant", () => {
    for (const type of ["MasterServer", "DhcpPool", "KernelImage", "BootMenu", "Machine", "Fleet"]) assert.ok(shim(type).length < 120, type);
});

test("check adds the rendered files and the next boot to what the user wrote", async () => {
    const inputs = await checked("Machine", machine("desk-01"));
    assert.match(inputs.files[file], /^#!ipxe\n/);
    assert.match(inputs.nextBoot, /kernel image rescue sha256:333333333333/);
    assert.equal(inputs.mac, "52:54:00:00:00:01");
});

test("references and connections are hidden from diffs, and check hands them on", async () => {
    const inputs = await checked("MasterServer", masterServer);
    assert.deepEqual(Object.keys(inputs).filter((key) => ["ref", "master", "connection"].includes(key)), []);
    assert.equal(inputs.__ref.http, "http://10.0.0.2");
    assert.deepEqual(inputs.__connection, connection);
});

test("a bad input is a failure that names its property, never a stack trace", async () => {
    const { failures } = await provider.check("Machine", { ...machine("desk-01"), mac: "52:54:00:00:00", hostnme: "x" });
    assert.deepEqual(named(failures).sort(), ["hostnme", "mac"]);
    assert.match(failures.map(({ reason }) => reason).join("\n"), /did you mean hostname\?/);
    assert.doesNotMatch(failures.map(({ reason }) => reason).join("\n"), /\bat .*\.js:\d+/);
});

test("two machines with one MAC address are told of each other", async () => {
    await checked("Machine", machine("twin-1", { mac: "52:54:00:00:00:77" }));
    const { failures } = await provider.check("Machine", machine("twin-2", { mac: "52-54-00-00-00-77" }));
    assert.match(failures[0]!.reason, /Machine "twin-1"/);
});

test("a machine checked again, as in a replacement, is no conflict with itself", async () => {
    await checked("Machine", machine("again", { mac: "52:54:00:00:00:78" }));
    await checked("Machine", machine("again", { mac: "52:54:00:00:00:78" }));
});

test("unknown values at any depth survive, and make the texts unknown that may depend on them", async () => {
    for (const news of [
        machine("u1", { mac: "52:54:00:00:00:11", boot: UNKNOWN }),
        machine("u2", { mac: "52:54:00:00:00:12", boot: { kind: "kernel", image: UNKNOWN } }),
        machine("u3", { mac: "52:54:00:00:00:13", boot: { kind: "kernel", image: { ...image, kernel: { name: "vmlinuz", sha256: UNKNOWN } } } }),
        machine("u4", { mac: "52:54:00:00:00:14", __master: handle({ ref: { ...master, address: UNKNOWN, http: `http://${UNKNOWN}` } }) }),
        machine("u5", { mac: "52:54:00:00:00:15", __master: UNKNOWN }),
    ]) {
        const inputs = await checked("Machine", news);
        assert.ok(inputs.files === UNKNOWN || Object.values(inputs.files).every((text) => text === UNKNOWN), `${news.mac}: ${JSON.stringify(inputs.files)}`);
        assert.equal(inputs.nextBoot, UNKNOWN);
        assert.deepEqual(inputs.boot, news.boot);
    }
});

test("an unknown key makes the whole map unknown", async () => {
    const inputs = await checked("Machine", machine("u6", { mac: UNKNOWN }));
    assert.equal(inputs.files, UNKNOWN);
});

test("what is wrong beside an unknown value is still said", async () => {
    const { failures } = await provider.check("Machine", machine("u7", { mac: "nonsense", boot: UNKNOWN }));
    assert.deepEqual(named(failures), ["mac"]);
});

const secretMachine = (text: string) => machine("s1", { mac: "52:54:00:00:00:21", boot: { kind: "kernel", image, append: text }, __secrets: [["boot", "append"]] });
const secretFile = "/srv/netboot/http/mac/52-54-00-00-00-21.ipxe";

test("a file that holds a secret is sealed, the others are not, and a number tells that it changed", async () => {
    const first = await checked("Machine", secretMachine("token=one"));
    assert.equal(first.files[secretFile][SECRET], "1b47061264138c4ac30d75fd1eb44270");
    assert.match(first.files[secretFile].value, /token=one/);
    assert.equal(typeof first.files["/srv/netboot/dhcp-hosts/s1"], "string");
    assert.equal(first.boot.append.value, "token=one");
    assert.ok(first.nextBoot[SECRET], "the next boot names the command line, and is sealed with it");
    assert.deepEqual(first.revisions, { [secretFile]: 1 });

    const stored = { ...first, files: { ...first.files, [secretFile]: first.files[secretFile].value } };
    assert.deepEqual((await checked("Machine", secretMachine("token=one"), stored)).revisions, { [secretFile]: 1 });
    assert.deepEqual((await checked("Machine", secretMachine("token=two"), stored)).revisions, { [secretFile]: 2 });
});

test("a secret that nothing can stand in for seals all that may hold it", async () => {
    const inputs = await checked("Machine", machine("s2", { mac: "52:54:00:00:00:22", __secrets: [["mac"]] }));
    assert.ok(inputs.files[SECRET], "the path of the script holds the address");
    assert.ok(inputs.mac[SECRET]);
    const pool = { name: "lan", mode: "authoritative", subnet: "10.0.0.0/24", range: "10.0.0.50-10.0.0.99", reserved: ["10.0.0.2"] };
    const address = await checked("Machine", machine("s3", { mac: "52:54:00:00:00:23", address: "10.0.0.23", __pool: handle({ ref: pool }), __secrets: [["address"]] }));
    assert.doesNotMatch(JSON.stringify(address.files, (key, value) => (value?.[SECRET] ? "sealed" : value)), /10\.0\.0\.23/);
    assert.ok("/srv/netboot/dhcp-hosts/s3" in address.files);
});

test("with something unknown beside it, a secret stays one wherever it is rendered", async () => {
    const fleet = { ...onMaster("Fleet", "f1"), machines: { n1: { mac: "52:54:00:00:00:51", boot: { kind: "kernel", image, append: "tok=HUSH1" } }, n2: { mac: UNKNOWN } }, __secrets: [["machines", "n1", "boot", "append"]] };
    const inputs = await checked("Fleet", fleet);
    assert.doesNotMatch(JSON.stringify(inputs, (key, value) => (value?.[SECRET] ? "sealed" : value)), /HUSH1/);
});

test("a secret of the master's is one in what is rendered of it", async () => {
    const pool = { ...onMaster("DhcpPool", "p1"), subnet: "10.0.0.0/24", range: "10.0.0.50-10.0.0.99", __master: handle({ secret: true }) };
    const inputs = await checked("DhcpPool", pool);
    assert.doesNotMatch(JSON.stringify(inputs.files, (key, value) => (value?.[SECRET] ? "sealed" : value)), /dhcp-range/);
});

test("a long or normalised secret is not quoted either", async () => {
    for (const [boot, mac] of [[{ kind: "kernel", image, append: `#${"HUSH".repeat(60)}` }, "52:54:00:00:00:52"], [{ kind: "local" }, "FF-FF-FF-48-55-53"]] as const) {
        const { failures } = await provider.check("Machine", machine("s4", { mac, boot, __secrets: [["boot", "append"], ["mac"]] }));
        assert.ok(failures.length);
        assert.doesNotMatch(JSON.stringify(failures), /HUSH|48.55.53/i);
    }
});

test("a connection that is not known yet, or not there, is no stack trace", async () => {
    assert.deepEqual((await provider.check("MasterServer", { ...masterServer, name: "vm", host: UNKNOWN, __connection: UNKNOWN })).failures, []);
    const { __connection, ...bare } = masterServer;
    assert.match((await provider.check("MasterServer", { ...bare, name: "none" })).failures[0]!.reason, /connection is missing/);
});

test("a secret is not quoted when it is refused", async () => {
    const { failures } = await provider.check("Machine", secretMachine("token=hunter2 || reboot"));
    assert.equal(failures.length, 1);
    assert.doesNotMatch(JSON.stringify(failures), /hunter2/);
});

test("diff is pure: no host is asked, and only what matters counts", async () => {
    const state = await checked("Machine", machine("d1", { mac: "52:54:00:00:00:31" }));
    const same = await provider.diff("Machine", state, state);
    assert.deepEqual(same, { changes: false, replaces: [], deleteBeforeReplace: true });
    const other = await checked("Machine", machine("d1", { mac: "52:54:00:00:00:31", boot: { kind: "local" } }));
    assert.equal((await provider.diff("Machine", state, other)).changes, true);
    assert.equal((await provider.diff("Machine", state, { ...state, nextBoot: UNKNOWN })).changes, true);
});

test("a rotated key replaces nothing and touches nothing on the master", async () => {
    const state = await checked("Machine", machine("d2", { mac: "52:54:00:00:00:32" }));
    const rotated = { ...state, __master: handle({ connection: { ...connection, privateKeyPath: "/nowhere/other" } }) };
    const { changes, replaces } = await provider.diff("Machine", state, rotated);
    assert.deepEqual([changes, replaces], [true, []]);
    const outs = await provider.update("Machine", state, rotated);
    assert.match((outs as any).__master, /"\/nowhere\/other"/);
    assert.deepEqual((outs as any).files, state.files, "a full state, not what changed alone");
});

test("another host is a move: deleted there, then created here", async () => {
    const state = await checked("Machine", machine("d3", { mac: "52:54:00:00:00:33" }));
    const moved = { ...state, __master: handle({ ref: { ...master, host: "192.0.2.9" } }) };
    assert.deepEqual(await provider.diff("Machine", state, moved), { changes: true, replaces: ["__master"], deleteBeforeReplace: true });
    assert.deepEqual((await provider.diff("Machine", state, { ...state, __master: UNKNOWN })).replaces, [], "not known to be one");
});

test("state keeps the constant provider text, whichever call answers", async () => {
    const state = await checked("Machine", machine("d4", { mac: "52:54:00:00:00:34" }));
    const outs = await provider.update("Machine", state, { ...state, __master: handle({ connection: { ...connection, user: "admin" } }) });
    assert.equal((outs as any).__provider, shim("Machine"));
});

const quick = { ...connection, dialErrorLimit: 0, perDialTimeout: 1, privateKeyPath: undefined, password: "pass-word-1", host: "127.0.0.1", port: 1 };

test("an unreachable host is an error in words, without the credential, and never an absent resource", async () => {
    const state = JSON.parse(JSON.stringify({ ...(await checked("Machine", machine("d5", { mac: "52:54:00:00:00:35" }))), __master: handle({ connection: quick }) }));
    for (const call of [() => provider.create("Machine", state), () => provider.read("Machine", "d5", state), () => provider.delete("Machine", "d5", state)])
        await assert.rejects(call, (error: Error) => {
            assert.match(error.message, /127\.0\.0\.1/);
            assert.doesNotMatch(error.message, /pass-word-1/);
            return true;
        });
    await assert.rejects(provider.delete("Machine", "d5", state), /NETBOOT_DELETE_UNREACHABLE=1/);
});

test("a connection is checked in the preview", async () => {
    const { failures } = await provider.check("MasterServer", { ...masterServer, __connection: { ...connection, hostkey: "x" } });
    assert.match(failures[0]!.reason, /did you mean connection\.hostKey|hostKey/);
    const cut = await provider.check("MasterServer", { ...masterServer, __connection: { ...connection, hostKey: "ssh-ed25519 AAAAC3NzaC1lZDI1" } });
    assert.match(cut.failures[0]!.reason, /hostKey/);
});

test("nothing is written to the terminal by all that", () => assert.equal(provider.output(), ""));
