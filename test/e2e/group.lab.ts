// Groups: who decides when several fit, asked of the real nginx from the addresses in question; and two machines that only a group knows.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { dhcp, type Lab, type Master, openLab, startClient, startMaster } from "../lab/index.ts";
import { daemons, openSite, type Site } from "./cli.ts";

let lab: Lab;
let master: Master;
let site: Site;
before(async () => {
    lab = await openLab();
    master = await startMaster(lab, { daemons: true });
});
after(async () => {
    site?.[Symbol.dispose]();
    await lab?.close();
});

const base = `
const m = master();
const lan = new netboot.DhcpPool("lan", { master: m, subnet, range });
const rescue = image(m, { initrds: [site.require("initrd")], cmdline: "console=ttyS0 quiet" });
`;
/** From the weakest to the strongest; later ones are declared first, so that the order in the program is seen to be of no matter. */
const groups = (all: Record<string, string>) => Object.entries(all).map(([name, match]) => `new netboot.MachineGroup("${name}", { master: m, match: { ${match} } });\n`).reverse().join("");
const byAddress = { everyone: 'addresses: "192.0.0.0/13"', wide: 'addresses: "192.0.2.0-192.0.3.99"', half: 'addresses: "192.0.2.0/25"', few: 'addresses: "192.0.2.64-192.0.2.70"' };
const byPrefix = { one: 'macPrefix: "02"', two: 'macPrefix: "02:aa"', three: 'macPrefix: "02:aa:bb"', four: 'macPrefix: "02-AA-BB-CC"', five: 'macPrefix: "02:aa:bb:cc:dd"' };
const list = { list: 'macs: ["02:aa:bb:cc:dd:01", "02:aa:bb:cc:dd:02", "02:aa:bb:cc:dd:03", "02:aa:bb:cc:dd:04"]' };
const machines = `
new netboot.Machine("by-mac", { master: m, mac: "02:aa:bb:cc:dd:01" });
new netboot.Machine("by-uuid", { master: m, uuid: "4c4c4544-0042-3510-8054-b7c04f4b3132" });
new netboot.Machine("by-serial", { master: m, serial: "5BT8K12" });
`;
const uuid = "4c4c4544-0042-3510-8054-b7c04f4b3132";
const serial = "354254384b3132";

/** What the script that the master answers with calls itself, for each question: "192.0.2.5 mac=…". */
async function answers(questions: string[]): Promise<Record<string, string>> {
    const program = `use IO::Socket::INET; for (@ARGV) { my ($from, $query) = split / /; my $s = IO::Socket::INET->new(PeerAddr => "${master.host}", PeerPort => 80, LocalAddr => $from) or die "$from: $@";
        print $s "GET /boot?$query HTTP/1.0\\r\\n\\r\\n"; my $all = join "", <$s>; print $all =~ /^# (.*)/m ? "$1\\n" : "$all\\n" }`;
    const told = await master.exec(`perl -e '${program}' ${questions.map((question) => `'${question}'`).join(" ")}`);
    return Object.fromEntries(told.trim().split("\n").map((line, i) => [questions[i]!, line]));
}

test("the narrowest decides, whatever the order in the program; what nobody has is unknown", async () => {
    const here = ["192.0.2.64", "192.0.2.71", "192.0.2.128", "192.0.3.99", "192.0.3.100", "192.7.255.255", "192.8.0.0"];
    await master.exec(here.map((address) => `ip address add ${address}/32 dev lo`).join(" && "));
    site = await openSite(lab, master, base + machines + groups({ ...byAddress, ...byPrefix, ...list }));
    await site.up();
    const few = "192.0.2.64";
    const wanted: Record<string, string> = {
        [`${few} mac=02-aa-bb-cc-dd-01&uuid=${uuid}&serial=${serial}`]: "machine by-mac",
        [`${few} mac=02-aa-bb-cc-dd-02&uuid=${uuid}&serial=${serial}`]: "machine by-uuid",
        [`${few} mac=02-aa-bb-cc-dd-02&uuid=&serial=${serial}2020`]: "machine by-serial",
        [`${few} mac=02-aa-bb-cc-dd-02&uuid=&serial=`]: "group list",
        [`${few} mac=02-aa-bb-cc-dd-ff`]: "group five",
        [`${few} mac=02-aa-bb-cc-ff-ff`]: "group four",
        [`${few} mac=02-aa-bb-ff-ff-ff`]: "group three",
        [`${few} mac=02-aa-ff-ff-ff-ff`]: "group two",
        [`${few} mac=02-ff-ff-ff-ff-ff`]: "group one",
        [`${few} mac=06-aa-bb-cc-dd-01`]: "group few",
        "192.0.2.71 mac=06-aa-bb-cc-dd-01": "group half",
        "192.0.2.128 mac=06-aa-bb-cc-dd-01": "group wide",
        "192.0.3.99 mac=06-aa-bb-cc-dd-01": "group wide",
        "192.0.3.100 mac=06-aa-bb-cc-dd-01": "group everyone",
        "192.7.255.255 mac=06-aa-bb-cc-dd-01": "group everyone",
        "192.8.0.0 mac=06-aa-bb-cc-dd-01": "unknown machine",
        "192.8.0.0 mac=02-aa-bb-cc-dd-0g": "unknown machine",
        "192.8.0.0 mac=02/../../group/one": "unknown machine",
        "192.8.0.0 mac=": "unknown machine",
        [`${few} `]: "group few",
    };
    assert.deepEqual(await answers(Object.keys(wanted)), wanted);
});

test("a group by prefix costs no reload, one by addresses one of nginx; a group that goes leaves the next one to decide", async () => {
    const before = await daemons(master);
    site.program(base + machines + groups({ ...byAddress, ...byPrefix, ...list, more: 'macPrefix: "06:aa"' }));
    await site.up();
    assert.deepEqual(await daemons(master), before);
    const narrow = "192.0.2.64 mac=0a-aa-bb-cc-dd-01", prefixed = "192.0.2.64 mac=06-aa-bb-cc-dd-01";
    assert.deepEqual(await answers([narrow, prefixed]), { [narrow]: "group few", [prefixed]: "group more" });

    site.program(base + machines + groups({ ...byAddress, ...byPrefix, ...list, single: 'addresses: "192.0.2.64/32"' }));
    await site.up();
    const then = await daemons(master);
    assert.deepEqual(then["netboot-dhcp"], before["netboot-dhcp"]);
    assert.equal(then["netboot-http"]!.started, before["netboot-http"]!.started);
    assert.notEqual(then["netboot-http"]!.changed, before["netboot-http"]!.changed);
    assert.deepEqual(await answers([narrow, prefixed]), { [narrow]: "group single", [prefixed]: "group single" });
});

test("a machine that only its group knows, by its address, boots what the group boots", { timeout: 300_000 }, async () => {
    site.program(`${base}new netboot.MachineGroup("bench", { master: m, match: { addresses: range }, boot: boot.kernel(rescue, { append: "netboot.group=bench" }) });\n`);
    await site.up();
    const client = await startClient(lab, { name: "stranger", firmware: "bios", mac: "52:54:00:00:00:91" });
    await client.waitFor("up", 150_000);
    assert.match(client.cmdline(), /console=ttyS0 quiet netboot\.group=bench$/);
    await client.stop();
});

test("in a closed pool those whose MAC a group lists are served, with a loader; a machine of its own among them keeps its address", async () => {
    const closed = base.replace("range }", "range, knownMachinesOnly: true }");
    const group = 'new netboot.MachineGroup("club", { master: m, match: { macs: ["52:54:00:00:00:92", "52:54:00:00:00:93"] } });\n';
    const own = `new netboot.Machine("own", { master: m, mac: "52:54:00:00:00:93", pool: lan, address: "${lab.at(20)}" });\n`;
    site.program(`${closed}new netboot.MachineGroup("bench", { master: m, match: { addresses: range } });\n`);
    // Whichever of the two comes second says so.
    const refused = await site.run(["preview"], { expect: "any" });
    assert.notEqual(refused.code, 0);
    assert.match(refused.text, /answers only machines that are known by their MAC|leaves no machine to MachineGroup "bench"/);

    site.program(closed.replace("const m = master();", 'const m = master({ unknownMachines: "ignore" });') + group + own);
    await site.up();
    const offer = async (mac: string) => (await dhcp.discover({ network: lab.network, client: "biosPxe", mac, waitMs: 5000 }))[0];
    const [listed, reserved, stranger] = [await offer("52:54:00:00:00:92"), await offer("52:54:00:00:00:93"), await offer("52:54:00:00:00:94")];
    assert.ok(listed?.address && listed.address !== "0.0.0.0");
    assert.equal(listed.bootFile, "undionly.kpxe");
    assert.equal(reserved?.address, lab.at(20));
    assert.equal(stranger, undefined);
});
