// Who owns what on a master: two stacks, a foreign file, a lock, a master that died, and one that was built anew.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { until } from "../lab/exec.ts";
import { type Lab, openLab } from "../lab/lab.ts";
import { type Master, startMaster } from "../lab/master.ts";
import { daemons, openSite, served, type Site, written } from "./cli.ts";

let lab: Lab;
let master: Master;
let alpha: Site;
let beta: Site;
before(async () => {
    lab = await openLab();
    master = await startMaster(lab, { daemons: true });
    alpha = await openSite(lab, master, program, { name: "alpha" });
    beta = await openSite(lab, master, "", { name: "beta" });
});
after(async () => {
    alpha[Symbol.dispose]();
    beta[Symbol.dispose]();
    await lab.close();
});

const impatient = "Object.assign(connection, { dialErrorLimit: 0, perDialTimeout: 3 });\n";
const program = `${impatient}
const m = master(); const rescue = image(m);
module.exports = { site: m.site };
const lan = new netboot.DhcpPool("lan", { master: m, subnet, range });
const desk = (name, mac, append) => new netboot.Machine(name, { master: m, mac, boot: boot.kernel(rescue, { append }) });
desk("desk-01", "52:54:00:00:00:01", "one");
`;
const script = (last: string) => `/srv/netboot/http/mac/52-54-00-00-00-${last}.ipxe`;

test("two stacks that claim one MAC address or one subnet are told of each other, and the first one's files stay as they are", async () => {
    await alpha.up();
    const then = await written(master);
    // What a stack reference brings: the first stack's master, exported by it.
    const { text: exported } = await alpha.run(["stack", "output", "--json"]);
    beta.program(`${impatient}const m = netboot.MasterServer.of(${JSON.stringify(JSON.parse(exported).site)}, connection); const rescue = image(m);
        new netboot.Machine("twin", { master: m, mac: "52-54-00-00-00-01" });
        new netboot.DhcpPool("again", { master: m, subnet, mode: "proxy" });
        new netboot.Machine("mine", { master: m, mac: "52:54:00:00:00:02", boot: boot.kernel(rescue) });`);
    const { text } = await beta.up({ expect: 1, args: ["--continue-on-error"] });
    assert.match(text, /Machine "twin" on .*52-54-00-00-00-01\.ipxe belongs to "desk-01" \(stack lab of project alpha\) on this master, and "twin" \(stack lab of project beta\) wants it too/);
    assert.match(text, /DhcpPool "again" on .*subnet \S+\/24 belongs to "lan" \(stack lab of project alpha\) on this master, and "again" \(stack lab of project beta\) wants it too/);
    assert.deepEqual(Object.keys(beta.resources()).sort(), ["mine", "rescue"]);
    const now = new Set((await written(master)).split("\n"));
    const touched = then.split("\n").filter((line) => /^\/(etc|srv)/.test(line) && !/^\/srv\/netboot\/(http\/mac|dhcp-hosts) /.test(line) && !now.has(line));
    assert.deepEqual(touched, []);
    assert.match(await served(master, "/mac/52-54-00-00-00-02.ipxe"), /200 OK[^]*# machine mine/);
});

test("when one stack goes, the other's machines and the kernel that both have stay", async () => {
    await beta.destroy();
    assert.equal((await master.tryExec(`test -e ${script("02")}`)).exitCode, 1);
    assert.match(await served(master, "/mac/52-54-00-00-00-01.ipxe"), /200 OK[^]*# machine desk-01/);
    const kernel = /^kernel .* (\/blob\/\S+)/m.exec(await master.exec(`cat ${script("01")}`))![1]!;
    assert.match(await served(master, kernel), /200 OK/);
    await alpha.up({ args: ["--refresh", "--expect-no-changes"] });
});

test("a second MasterServer on one host is refused, and nothing is touched", async () => {
    const then = await written(master);
    beta.program(`${impatient}master();`);
    const { text } = await beta.up({ expect: 1 });
    assert.match(text, /MasterServer "lab" on .* belongs to "lab" \(stack lab of project alpha\) on this master, and "lab" \(stack lab of project beta\) wants it too/);
    assert.equal(await written(master), then);
});

test("a foreign file where ours should go is named with the mend, and stays as it is", async () => {
    await master.exec(`echo mine >${script("03")}`);
    const then = await master.exec(`stat -c '%i %Y %a' ${script("03")}`);
    alpha.program(`${program}desk("desk-03", "52:54:00:00:00:03", "three"); desk("desk-04", "52:54:00:00:00:04", "four");`);
    const { text } = await alpha.up({ expect: 1 });
    assert.match(text, /Machine "desk-03" on .*a file that is not ours stands at \/srv\/netboot\/http\/mac\/52-54-00-00-00-03\.ipxe[^]*Move it away/);
    assert.equal(await master.exec(`cat ${script("03")}`), "mine\n");
    assert.equal(await master.exec(`stat -c '%i %Y %a' ${script("03")}`), then);
    assert.match(await master.exec(`cat ${script("04")}`), /four/);
    await master.exec(`rm ${script("03")}`);
    await alpha.up();
    assert.match(await master.exec(`cat ${script("03")}`), /three/);
});

test("a run waits for another one's lock, and says who holds it", async () => {
    await master.exec(`setsid sh -c 'exec 9>>/var/lib/netboot/lock; flock 9; echo "alice@laptop, process 4242" >/var/lib/netboot/lock; exec sleep 600' >/dev/null 2>&1 & until grep -q alice /var/lib/netboot/lock; do sleep 0.05; done`);
    alpha.program(`${program}desk("desk-03", "52:54:00:00:00:03", "three more"); desk("desk-04", "52:54:00:00:00:04", "four");`);
    const up = alpha.up();
    await until("a process that waits for the lock", 60_000, async () => ((await master.tryExec("grep -lz '^flock$' /proc/[0-9]*/cmdline")).exitCode === 0 ? true : undefined));
    assert.doesNotMatch(await master.exec(`cat ${script("03")}`), /three more/);
    await master.exec("for p in /proc/[0-9]*; do [ \"$(tr '\\0' ' ' <$p/cmdline)\" = 'sleep 600 ' ] && kill ${p#/proc/}; done; true");
    const { text } = await up;
    assert.match(text, /desk-03 .*waiting for the lock, held by alice@laptop, process 4242/);
    assert.match(await master.exec(`cat ${script("03")}`), /three more/);
});

test("a master that was built anew at the same address is refused until its key is in the program; then up brings it all back", async () => {
    await master.stop();
    master = await startMaster(lab, { daemons: true });
    alpha.program(`${program}desk("desk-05", "52:54:00:00:00:05", "five");`);
    const known = () => Object.fromEntries(Object.entries(alpha.resources()).map(([name, { inputs, outputs }]) => [name, { inputs, outputs }]));
    const then = known();
    const { text } = await alpha.up({ expect: 1 });
    assert.match(text, /this is not the host that hostKey names; nothing was sent to it/);
    const [, line] = /hostKey: "(.*)"/.exec(text)!;
    assert.equal(line, master.hostKey.split(" ").slice(0, 2).join(" "));
    await alpha.run(["refresh", "--yes", "--skip-preview"], { expect: 1 });
    assert.deepEqual(known(), then, "a stranger's answer is no news of ours");

    await alpha.run(["config", "set", "hostKey", line!]);
    await alpha.up();
    for (const [unit, { state }] of Object.entries(await daemons(master))) assert.equal(state, "active", unit);
    for (const last of ["01", "05"]) assert.match(await served(master, `/mac/52-54-00-00-00-${last}.ipxe`), /200 OK/);
    await alpha.up({ args: ["--refresh", "--expect-no-changes"] });
});

test("a master that is gone for good is forgotten when the user says so, and not before", async () => {
    await master.stop();
    const { text } = await alpha.destroy({ expect: 1 });
    assert.match(text, /cannot reach root@[^]*NETBOOT_DELETE_UNREACHABLE=1/);
    assert.ok(alpha.resources().lab);
    await alpha.destroy({ env: { NETBOOT_DELETE_UNREACHABLE: "1" } });
    assert.deepEqual(alpha.resources(), {});
});
