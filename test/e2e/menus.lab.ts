// Menus: what each machine is shown, what stops the clock, and passwords that the master enforces, at both firmwares.
import assert from "node:assert/strict";
import { request } from "node:http";
import { after, before, test } from "node:test";
import { bootableDisk, type Client, type Lab, type Master, openLab, startClient, startMaster, until } from "../lab/index.ts";
import type { Project } from "../pulumi/project.ts";
import { listen } from "./asked.ts";
import { masterAndPool, site } from "./site.ts";

const [pupil, teacher] = ["52:54:00:00:00:61", "52:54:00:00:00:62"];
const [toolsPassword, secretPassword] = ["purple tractor", "a/b:c@d e%"];
const patience = 150_000;
const hex = (text: string) => Buffer.from(text).toString("hex");

let lab: Lab;
let master: Master;
let project: Project & Disposable;
let preview: string;
let refused: string;

before(async () => {
    lab = await openLab();
    master = await startMaster(lab, { daemons: true });
    // One password of Pulumi's secrets, and one that the program has in clear: both have to be secrets.
    project = await site(lab, master, { "Pulumi.yaml": "name: menus\nruntime: nodejs\n", "index.ts": `${masterAndPool}
const rescue = new netboot.KernelImage("rescue", { master, kernel: site.require("kernel"), initrds: [site.require("initrd")], cmdline: "console=ttyS0 quiet" });
const tools = new netboot.BootMenu("tools", { master, title: "Tools", password: pulumi.secret("${toolsPassword}"), timeout: 0, entries: [
    { name: "hardware", label: "About this machine", key: "a", boot: boot.hardware() },
    { name: "memory", label: "Memory test", key: "m", boot: boot.memtest() },
] });
const seats = new netboot.BootMenu("seats", { master, title: "Seats", default: "disk", timeout: 8, entries: [
    { name: "disk", label: "Local disk", key: "d", boot: boot.local() },
    { name: "tools", label: "Tools", key: "t", boot: boot.menu(tools) },
    { name: "marks", label: "Marks", key: "k", heading: "For teachers", only: ["teacher"], boot: boot.kernel(rescue) },
    { name: "secret", label: "Secret", key: "x", heading: "More", password: ${JSON.stringify(secretPassword)}, boot: boot.kernel(rescue, { append: "netboot.secret=1" }) },
] });
new netboot.Machine("pupil", { master, mac: "${pupil}", boot: boot.menu(seats, { default: "tools", timeout: 5 }) });
new netboot.Machine("teacher", { master, mac: "${teacher}", boot: boot.menu(seats, { roles: ["teacher"] }) });
` });
    // Nobody is a teacher yet: what no single resource can know is known when the program ends.
    project.edit((text) => text.replace('{ roles: ["teacher"] }', "{}"));
    refused = (await project.run(["preview"], { expect: "any" })).text;
    project.edit((text) => text.replace("boot.menu(seats, {})", 'boot.menu(seats, { roles: ["teacher"] })'));
    preview = (await project.run(["preview", "--diff"])).text;
    preview += (await project.run(["up", "--yes", "--skip-preview", "--diff"])).text;
});
after(async () => {
    project?.[Symbol.dispose]();
    await lab?.close();
});

test("an entry that nobody would see is refused in the preview", () => {
    assert.match(refused, /entries\[2\]\.only is \["teacher"\], and no machine or group has that role/);
    assert.doesNotMatch(refused, /at .*\.ts:/, "no stack");
});

interface Answer {
    status: number;
    text: string;
}

const ask = (path: string, { login, host, method = "GET" }: { login?: string; host?: string; method?: string } = {}): Promise<Answer> =>
    new Promise((resolve, reject) => {
        const headers = { ...(login !== undefined && { authorization: `Basic ${Buffer.from(login).toString("base64")}` }), ...(host !== undefined && { host }) };
        const asked = request({ host: master.host, path, method, headers }, (answer) => {
            let text = "";
            answer.setEncoding("latin1").on("data", (part) => (text += part)).on("end", () => resolve({ status: answer.statusCode!, text }));
        });
        asked.on("error", reject).end();
    });

test("the master lets in who has the password, and tells nobody else what is behind it", async () => {
    const all = [
        { path: "/private/tools/.menu.ipxe", password: toolsPassword, wrong: [undefined, "", "netboot:", `netboot:${toolsPassword}`, `root:${hex(toolsPassword)}`] },
        { path: "/private/seats/secret.ipxe", password: secretPassword, wrong: [undefined, `netboot:${hex(toolsPassword)}`] },
    ];
    for (const { path, password, wrong } of all) {
        for (const login of wrong) {
            const { status, text } = await ask(path, { login });
            assert.deepEqual([login, status], [login, 401]);
            assert.doesNotMatch(text, /ipxe/);
        }
        const { status, text } = await ask(path, { login: `netboot:${hex(password)}` });
        assert.equal(status, 200);
        assert.match(text, /^#!ipxe\n/);
    }
    assert.doesNotMatch((await ask("/menu/tools.ipxe")).text, /hardware|memtest|About/);
    assert.doesNotMatch((await ask("/menu/seats.ipxe")).text, /netboot\.secret|\$6\$/);
    // No other way there, and none without a hash.
    for (const path of ["/private/", "/private/tools/", "/private/tools/.menu", "/private/tools/../tools/x.ipxe", "/private/nothing/here.ipxe", "/private/tools/%2e%2e/seats.ipxe"])
        assert.ok([400, 403, 404].includes((await ask(path, { login: `netboot:${hex(toolsPassword)}` })).status), path);
    assert.equal((await ask("/private/tools/.menu.ipxe", { login: `netboot:${hex(toolsPassword)}`, method: "PUT" })).status, 403);
});

test("guesses are few, and a host's name cannot become a script", async () => {
    const seen = await Promise.all(Array.from({ length: 40 }, () => ask("/private/tools/.menu.ipxe", { login: "netboot:00" })));
    assert.deepEqual([...new Set(seen.map(({ status }) => status))].sort(), [401, 429]);
    assert.ok(seen.filter(({ status }) => status === 401).length <= 22);
    assert.equal((await ask("/here.ipxe")).text, `#!ipxe\nset netboot-here ${master.host}\n`);
    assert.equal((await ask("/here.ipxe", { host: "boot.example.org:8080" })).text, "#!ipxe\nset netboot-here boot.example.org:8080\n");
    for (const host of ["x||shell", "a b", "${net0/mac}", "x;y", "[::1]"]) {
        const { status, text } = await ask("/here.ipxe", { host });
        assert.ok(status === 400 || text === `#!ipxe\nset netboot-here ${master.host}:80\n`, `${host}: ${text}`);
    }
});

test("neither password nor hash is anywhere but in the hash's file, which nginx alone reads", async () => {
    const state = JSON.stringify(project.state());
    const files = await master.exec("cat /srv/netboot/http/*.ipxe /srv/netboot/http/menu/* /srv/netboot/http/private/*/.[a-z]* /srv/netboot/http/private/*/* /srv/netboot/http/mac/* /etc/netboot/live/nginx.conf /var/log/netboot/*.log");
    const memory = await master.exec("grep -rh . /var/lib/netboot/owners | cat -v; journalctl --no-pager | grep -v 'no such line' | tail -n 2000");
    for (const text of [preview, state, files, memory])
        for (const word of [toolsPassword, secretPassword, hex(toolsPassword), hex(secretPassword), JSON.stringify(secretPassword).slice(1, -1), "$6$"]) assert.ok(!text.includes(word), `${word} in ${text.slice(0, 200)}`);
    assert.equal(await master.exec("stat -c '%a %U:%G %n' /etc/netboot/passwords/*/.menu /etc/netboot/passwords/*/secret"), "640 root:www-data /etc/netboot/passwords/tools/.menu\n640 root:www-data /etc/netboot/passwords/seats/secret\n");
    assert.match(preview, /netboot:BootMenu/);
});

const shows = (client: Client, text: RegExp) => client.waitFor(text, patience);
/** Everything on the screen since then: menus are drawn by moving the cursor. */
const seen = (client: Client) => client.serial().join("\n");
const pause = (seconds: number) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));
/** The user name may be anything; Enter leads on to the password. The cursor, and what is drawn last, is at the name. */
async function login(client: Client, password: string): Promise<void> {
    await until("the fields", patience, async () => (/^not needed_*$/.test(client.serial().filter(Boolean).at(-1)!) ? true : undefined));
    client.type("\r");
    await pause(1);
    client.type(`${password}\r`);
}

test("BIOS: the machine's own default when its own time is up; a wrong password, and the right one of an entry, up to its kernel; the memory test", { timeout: 2 * patience }, async () => {
    const asked = await listen(master);
    const client = await startClient(lab, { name: "pupil", firmware: "bios", mac: pupil, serial: "Desk 4", disk: bootableDisk() });
    await shows(client, /Secret/);
    assert.doesNotMatch(seen(client), /For teachers|Marks/);
    assert.match(seen(client), /More/);
    await login(client, "not the one");
    await shows(client, /not let in.*try 1 of 3/);
    await login(client, toolsPassword);
    await shows(client, /About this machine/);
    client.type("a");
    await shows(client, /Serial number: Desk 4/);
    await shows(client, /Processor: 64 bit/);
    await shows(client, /Press any key/);
    client.type(" ");
    await pause(2);
    client.type("\x1b");
    await pause(3);
    client.type("x");
    await login(client, secretPassword);
    // What the kernel then does is proved elsewhere.
    await until("the kernel behind the password", patience, async () => (await asked()).find(({ path }) => path === "/initrd.img"));
    assert.doesNotMatch(seen(client), new RegExp(`${toolsPassword}|${hex(toolsPassword)}|${hex(secretPassword)}`), "the password was on the screen");
    const paths = (await asked()).filter(({ path }) => /private|door|menu/.test(path)).map(({ path, status }) => `${path} ${status}`);
    assert.deepEqual(paths.filter((path, i) => path !== paths[i - 1]), [
        "/menu/seats.ipxe 200", "/menu/tools.ipxe 200", "/door.ipxe 200", "/private/tools/.menu.ipxe 401", "/private/tools/.menu.ipxe 200", "/door.ipxe 200", "/private/seats/secret.ipxe 401", "/private/seats/secret.ipxe 200",
    ]);
    await client.reboot();
    await shows(client, /Secret/);
    client.type("t");
    await login(client, toolsPassword);
    await shows(client, /Memory test/);
    client.type("m");
    const fetched = await until("the memory test", patience, async () => (await asked()).find(({ path }) => path.endsWith("/memtest.bin")));
    assert.equal(fetched.status, 200);
    await client.stop();
});

test("UEFI: a key stops the clock, the teacher sees more, and the memory test is behind the password", { timeout: 2 * patience }, async () => {
    const client = await startClient(lab, { name: "teacher", firmware: "uefi", mac: teacher, disk: bootableDisk() });
    await shows(client, /Marks/);
    assert.match(seen(client), /For teachers/);
    client.type("\x1b[B");
    await pause(11);
    assert.ok(!client.serial().some((line) => /booting the local disk/.test(line)), "the clock of 8 s went on");
    client.type("t");
    await login(client, toolsPassword);
    await shows(client, /Memory test/);
    client.type("m");
    // It draws on a screen, which the lab's clients have not: npm run pictures looks at one.
    await shows(client, /memtest\.efi\.\.\. ok/);
    await client.stop();
});
