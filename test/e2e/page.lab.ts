// The page on a master, in a real browser: a thousand machines, what they report by plain HTTP, and what others put in their place.
// With NETBOOT_PICTURES=1, as `npm run pictures` starts it, it writes those of docs/page.md.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { after, before, test } from "node:test";
import type { Page } from "playwright-core";
import { type Opened, openPage } from "../lab/browser.ts";
import { bootableDisk, type Lab, type Master, openLab, startMaster, until } from "../lab/index.ts";
import { openSite, type Site } from "./cli.ts";
import { imagingStandIn } from "./imagingStandIn.ts";

const root = join(import.meta.dirname, "../..");
const seats = Array.from({ length: 1000 }, (_, i) => `seat-${String(i + 1).padStart(4, "0")}`);
const program = (generation: number) => `
const m = master({ imaging: {}, page: { allow: [subnet] } });
const pool = new netboot.DhcpPool("lan", { master: m, subnet, range });
const classroom = new netboot.DiskImage("classroom", { master: m, source: site.require("image") });
for (const n of [1, 2, 3, 4, 5, 6]) new netboot.Machine("desk-" + n, { master: m, mac: "52:54:00:00:0a:0" + n, boot: n === 6 ? boot.local() : boot.clone(classroom, { disk: "only", generation: n === 1 ? ${generation} : 1 }) });
const machines = {};
for (let i = 1; i <= 1000; i++) machines["seat-" + String(i).padStart(4, "0")] = { mac: "52:54:00:01:" + [i >> 8, i & 255].map((b) => b.toString(16).padStart(2, "0")).join(":"), boot: boot.rescue() };
new netboot.Fleet("hall", { master: m, pool, machines });
`;

let lab: Lab, master: Master, site: Site, browser: Opened, page: Page, complaints: string[];
const origin = () => `http://${master.host}`;
const put = async (machine: string, body: string) => (await fetch(`${origin()}/reports/${machine}/status`, { method: "PUT", body })).status;
const say = (machine: string, fields: object) => put(machine, JSON.stringify({ machine, ...fields }));

before(async () => {
    lab = await openLab();
    const image = join(lab.folder, "classroom.img");
    writeFileSync(image, bootableDisk());
    master = await startMaster(lab, { daemons: true });
    await master.exec(imagingStandIn);
    site = await openSite(lab, master, program(1), { config: { image } });
    await site.up();
    browser = await openPage();
    ({ page, complaints } = browser);
});
after(async () => {
    await browser?.[Symbol.asyncDispose]();
    site?.[Symbol.dispose]();
    await lab?.close();
});

const looks = async () => Number(await page.evaluate("document.body.dataset.looks ?? 0"));
/** Waits for two looks that began after now. */
async function again(): Promise<void> {
    const seen = await looks();
    await until("two more looks", 20_000, async () => ((await looks()) >= seen + 2 ? true : undefined));
}
const shown = (): Promise<string[][]> => page.evaluate("[...document.querySelectorAll('#rows tr')].map((tr) => [...tr.children].map((td) => td.textContent))");
const rowOf = async (machine: string) => (await shown()).find(([name]) => name === machine);

test("only those asked for may see it, and nobody may change it", async () => {
    const from = async (what: string) => (await master.exec(`perl -MIO::Socket::INET -e 'my $s = IO::Socket::INET->new(PeerAddr => "127.0.0.1:80") or die; print $s "GET ${what} HTTP/1.0\\r\\n\\r\\n"; print scalar <$s>'`)).split(" ")[1];
    assert.deepEqual([await from("/page/"), await from("/page/rows.mjs"), await from("/page/reports/"), await from("/page/assigned/fleet-hall.json"), await from("/boot.ipxe")], ["403", "403", "403", "403", "200"]);
    for (const path of ["/page/", "/page/index.html", "/page/assigned/fleet-hall.json", "/page/reports/desk-1/status"])
        for (const method of ["PUT", "DELETE", "POST", "MKCOL", "MOVE"]) assert.ok([403, 405].includes((await fetch(origin() + path, { method, ...(method === "PUT" && { body: "x" }) })).status), `${method} ${path}`);
    const response = await fetch(`${origin()}/page/`);
    assert.match(response.headers.get("content-security-policy")!, /^default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';/);
    assert.equal((await fetch(`${origin()}/page/assigned/fleet-hall.json`, { headers: { "if-none-match": (await fetch(`${origin()}/page/assigned/fleet-hall.json`)).headers.get("etag")! } })).status, 304);
    const nonce = (await master.exec("sed -n 's/^nonce //p' /srv/netboot/http/orders/desk-1/job")).trim();
    assert.match(nonce, /^[0-9a-f]{32}$/);
    for (const path of ["assigned/", "assigned/machine-desk-1.json", "reports/"]) assert.ok(!(await (await fetch(`${origin()}/page/${path}`)).text()).includes(nonce), path);
});

test("a thousand machines: the first view, and what a look costs the master", async () => {
    const stages = ["write", "write", "verify", "done", "done", "finish", "done", "shell"];
    const report = (i: number) => (i % 200 === 7 ? { stage: "failed", error: "sda cannot be written: I/O error at byte 1048576" } : { stage: stages[i % 8], percent: (i * 7) % 101, rate: 60e6 + i * 1e4, eta: 300 - (i % 300), disk: `sda (256060514304 bytes, serial S4X${i})` });
    const queue = seats.slice(0, 800).map((name, i) => () => say(name, report(i)));
    await Promise.all(Array.from({ length: 8 }, async () => {
        for (let next = queue.shift(); next; next = queue.shift()) assert.equal(await next(), 201);
    }));
    // Two that have lost their power while they were writing.
    await master.exec("touch -d '-10 min' /srv/netboot/reports/seat-0002 /srv/netboot/reports/seat-0010");
    const began = Date.now();
    await page.goto(`${origin()}/page/`);
    await until("1006 rows", 20_000, async () => ((await page.locator("#rows tr").count()) === 1006 ? true : undefined));
    const first = Date.now() - began;
    await page.getByText(/^Last look at \d\d:\d\d:\d\d: 2 requests/).waitFor();
    const session = await page.context().newCDPSession(page);
    await session.send("Network.enable");
    let [requests, bytes] = [0, 0];
    session.on("Network.requestWillBeSent", () => requests++);
    session.on("Network.loadingFinished", ({ encodedDataLength }) => (bytes += encodedDataLength));
    const before = await looks();
    await again();
    const each = (await looks()) - before;
    await session.detach();
    console.log(`# first view of 1,006 machines with 800 reports: ${first} ms; a look where nothing changed: ${(requests / each).toFixed(1)} requests, ${(bytes / each / 1024).toFixed(1)} KiB`);
    assert.ok(first < 10_000, `${first} ms`);
    assert.ok(requests <= 2 * (each + 1) && bytes / requests < 16 << 10, `${requests} requests, ${bytes} bytes in ${each} looks`);
    assert.equal((await shown())[0]![4], "failed", "what needs a look comes first");
    const tones = (await page.locator("#tones").innerText()).split(/\s+/);
    assert.deepEqual(tones, ["4", "failed", "2", "silent", "398", "busy", "5", "waiting", "300", "done", "297", "quiet"]);
});

test("by keyboard: sort by a column, filter, and all again; the address keeps the view", async () => {
    await page.keyboard.press("/");
    await page.keyboard.type("seat-000 verify");
    assert.deepEqual((await shown()).map(([name]) => name), ["seat-0003"]);
    await page.keyboard.press("Escape");
    assert.equal((await shown()).length, 1006);
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate("document.activeElement.textContent"), "Machine");
    await page.keyboard.press("Enter");
    assert.deepEqual((await shown()).slice(0, 2).map(([name]) => name), ["desk-1", "desk-2"]);
    await page.keyboard.press("Space");
    assert.equal((await shown())[0]![0], "seat-1000");
    assert.equal(await page.getAttribute("#column-machine", "aria-sort"), "descending");
    for (let i = 0; i < 2; i++) await page.keyboard.press("Shift+Tab");
    await page.keyboard.press("Enter");
    assert.equal(await page.evaluate("location.hash"), "#sort=machine&down=true&tone=quiet");
    await page.reload();
    await until("297 rows", 20_000, async () => ((await page.locator("#rows tr").count()) === 297 ? true : undefined));
    assert.equal(await page.getAttribute("#tone-quiet", "aria-pressed"), "true");
    await page.keyboard.press("Escape");
});

test("what machines say becomes rows; what others put there is ignored, counted, and harms nothing", async () => {
    const attack = '<img src=x onerror="document.title=1"></td><script>document.title=1</script>';
    assert.equal(await say("desk-1", { generation: 1, stage: "write", percent: 41.9, rate: 104857600, eta: 90, disk: "sda (4194304 bytes)" }), 201);
    assert.equal(await say("desk-2", { generation: 1, stage: "done", percent: 100 }), 201);
    assert.equal(await say("desk-3", { generation: 1, stage: "failed", error: `${attack}\u001b[31m\u202e` }), 201);
    assert.equal(await put("desk-4", `${attack} no JSON`), 201);
    assert.equal(await say("desk-5", { machine: "desk-2", stage: "done" }), 201);
    // nginx's word for a folder that is not there: nothing is written of a machine that has no place for it.
    assert.deepEqual([await put("desk-6", "{}"), await put("ghost", "{}")], [500, 500]);
    assert.equal(await put("desk-2", `{"stage":"failed","error":"${"x".repeat(10_000)}"}`), 413);
    assert.ok((await put("x".repeat(10_000), "{}")) >= 400, "a name of 10 kB");
    assert.equal(await put(encodeURIComponent("<script>"), "{}"), 403);
    // A place that somebody has made by hand, and one that went while the page was looking at the listing.
    await master.exec("install -d -o 33 -g 33 '/srv/netboot/reports/<b>ghost' && echo '{}' >'/srv/netboot/reports/<b>ghost/status'; head -c 10000 /dev/zero >/srv/netboot/reports/seat-0999/status; rm -r /srv/netboot/reports/seat-0001; install -d -o 33 -g 33 /srv/netboot/reports/seat-0001");
    await page.evaluate("[...document.querySelectorAll('#rows tr')].find((tr) => tr.firstChild.textContent === 'desk-1').marked = true");
    await page.locator("#column-machine button").focus();
    await again();
    const ages = (cells?: string[]) => cells?.map((cell) => cell.replace(/^\d+ s ago$/, "now"));
    assert.deepEqual(ages(await rowOf("desk-1")), ["desk-1", "clone classroom", "1", "-", "write", "41", "100.0", "1 min", "now", "sda (4194304 bytes)"]);
    assert.deepEqual(ages(await rowOf("desk-2")), ["desk-2", "clone classroom", "1", "1", "done", "-", "-", "-", "now", ""]);
    assert.deepEqual(ages(await rowOf("desk-3")), ["desk-3", "clone classroom", "1", "-", "failed", "-", "-", "-", "now", `${attack}?[31m?`]);
    assert.deepEqual(ages(await rowOf("desk-4")), ["desk-4", "clone classroom", "1", "-", "waiting", "-", "-", "-", "now", "its report cannot be read"]);
    assert.deepEqual(await rowOf("desk-6"), ["desk-6", "local disk", "-", "-", "-", "-", "-", "-", "never", ""]);
    assert.deepEqual(await rowOf("seat-0001"), ["seat-0001", "rescue", "-", "-", "-", "-", "-", "-", "never", ""]);
    assert.equal((await shown()).length, 1006);
    assert.equal(await page.innerText("#ignored"), "Reports ignored: 3 that cannot be read (desk-4, desk-5, seat-0999); 1 of machines that no resource of this master declares");
    assert.equal(await page.evaluate("document.querySelectorAll('#rows :not(tr, td, progress)').length"), 0);
    assert.equal(await page.title(), "netboot");
    assert.ok(await page.evaluate("[...document.querySelectorAll('#rows tr')].find((tr) => tr.firstChild.textContent === 'desk-1').marked"), "the row is another element: it would flicker");
    assert.equal(await page.evaluate("document.activeElement.textContent"), "Machine", "the focus stays");
    assert.deepEqual(complaints, []);
    assert.equal(await page.isVisible("#trouble"), false);
});

test("netboot status says the same in a terminal", async () => {
    const child = spawn(process.execPath, [join(root, "sdk/dist/cli/main.js"), "status"], { cwd: site.folder, env: site.env, stdio: ["ignore", "pipe", "inherit"] });
    const [out] = await Promise.all([text(child.stdout), new Promise((done) => child.on("close", done))]);
    const lines = out.split("\n");
    const names: string[] = await page.evaluate("[...document.querySelectorAll('#columns th')].map((th) => th.textContent)");
    assert.deepEqual(lines[0]!.split(/ {2,}/), names.map((name) => name.toUpperCase()));
    const words = (line: string) => line.replace(/\d+ (s|min) ago/, "now").trim().split(/ {2,}/);
    for (const machine of ["desk-1", "desk-2", "desk-4", "desk-6", "seat-0004", "seat-1000"])
        assert.deepEqual(words(lines.find((line) => line.startsWith(`${machine} `))!), words((await rowOf(machine))!.join("   ")), machine);
    assert.match(out, /^desk-3 .*\?\[31m\?$/m);
});

test("an up while it is open shows in the next look; a master that is gone is said, and found again", async () => {
    site.program(program(2));
    await site.up();
    await again();
    assert.deepEqual((await rowOf("desk-1"))!.slice(1, 5), ["clone classroom", "2", "-", "waiting"], "what it said of generation 1 is over");
    await master.exec("systemctl stop netboot-http");
    await page.locator("#trouble").waitFor({ state: "visible" });
    assert.match(await page.innerText("#trouble"), /^The master does not answer \(.+\)\. What is shown is from \d\d:\d\d:\d\d; the page goes on trying\.$/);
    assert.equal((await shown()).length, 1006);
    await master.exec("systemctl start netboot-http");
    await page.locator("#trouble").waitFor({ state: "hidden" });
});

test("before the first look nothing is claimed; no answer, no machine and no fit are told apart", async () => {
    const screen = await page.context().newPage();
    let status: number | undefined;
    await screen.route("**/page/assigned/", async (route) => {
        const given = await until("an answer", 20_000, async () => status);
        await route.fulfill({ status: given, contentType: "application/json", headers: { date: new Date().toUTCString() }, body: "[]" });
    });
    await screen.goto(`${origin()}/page/#tone=silent`);
    const none = screen.locator("#none"), trouble = screen.locator("#trouble");
    assert.equal(await none.innerText(), "Asking the master\u2026");
    assert.match(await screen.innerText("#tones"), /^-\s+failed\s+-\s+silent/);
    status = 403;
    await screen.getByText("The master does not show the page to this computer: page.allow does not name its address. The page goes on trying.").waitFor();
    assert.equal(await none.isVisible(), false);
    status = 200;
    await screen.getByText("No resource of this master declares a machine.").waitFor();
    assert.equal(await trouble.isVisible(), false);
    await screen.unroute("**/page/assigned/");
    await until("silent machines", 20_000, async () => ((await screen.locator("#rows tr").count()) > 0 ? true : undefined));
    await screen.keyboard.press("/");
    await screen.keyboard.type("nobody");
    assert.equal(await none.innerText(), "No machine fits the filter. Esc shows all.");
    await screen.close();
});

test("a page that stays open gives way to the master's next one, and keeps its view", async () => {
    const screen = await page.context().newPage();
    await screen.clock.install();
    await screen.goto(`${origin()}/page/#filter=desk-2`);
    const version = () => screen.getAttribute("meta[name=version]", "content").catch(() => undefined);
    assert.match((await version())!, /^[0-9a-f]{16}$/);
    await screen.getByText(/^Last look at/).waitFor();
    await master.exec(`sed -i 's/name="version" content="/&next-/' /srv/netboot/page/index.html`);
    // Its minute, as quickly as looks are answered.
    await until("the next page", 60_000, async () => (await screen.clock.runFor(3000).catch(() => undefined), (await version())?.startsWith("next-") || undefined));
    await until("its view", 20_000, async () => ((await screen.locator("#rows tr").count()) === 1 ? true : undefined));
    await master.exec(`sed -i 's/"next-/"/' /srv/netboot/page/index.html`);
    await screen.close();
});

test("pictures", async () => {
    // As much as a picture in docs has room for, without the desks that attack.
    await page.setViewportSize({ width: 1100, height: 420 });
    await page.keyboard.press("Escape");
    await page.evaluate("location.hash = 'filter=seat', document.activeElement.blur()");
    await again();
    assert.ok(await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "all columns are seen");
    for (const colorScheme of ["light", "dark"] as const) {
        await page.emulateMedia({ colorScheme });
        const picture = await page.screenshot();
        assert.ok(picture.length < 90_000, `${picture.length} bytes`);
        if (process.env.NETBOOT_PICTURES) (mkdirSync(join(root, "docs/pictures"), { recursive: true }), writeFileSync(join(root, `docs/pictures/page-${colorScheme}.png`), picture));
    }
    const background = async () => page.evaluate("getComputedStyle(document.body).backgroundColor");
    const dark = await background();
    await page.emulateMedia({ colorScheme: "light" });
    assert.notEqual(await background(), dark);
});
