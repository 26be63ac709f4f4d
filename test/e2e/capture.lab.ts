// A disk is captured by declaration and rolled out to another machine; a machine is rescued; and one that nobody declares registers. What stands in the way is said in words.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { request } from "node:http";
import { after, before, test } from "node:test";
import { zstdDecompressSync } from "node:zlib";
import { type Client, startClient } from "../lab/client.ts";
import { EMULATED } from "../lab/emulated.ts";
import { until } from "../lab/exec.ts";
import { type Lab, openLab } from "../lab/lab.ts";
import { type Master, startMaster } from "../lab/master.ts";
import { ed25519 } from "../ssh/keys.ts";
import { login } from "../ssh/login.ts";
import { openSite, type Site } from "./cli.ts";
import { goldenDisk, size, sumsOf } from "./golden.ts";
import { netboot } from "./netboot.ts";
import { hostile, registering, stranger } from "./strangers.ts";

const keys = ed25519({ comment: "admin" });
const golden = goldenDisk();
const macs: Record<string, string> = { gold: "52:54:00:00:0e:01", copy: "52:54:00:00:0e:02", other: "52:54:00:00:0e:03" };
const file = "/srv/netboot/captures/golden/1.zst";
const clients: Record<string, Client> = {};
let lab: Lab;
let master: Master;
let site: Site;
let digest = "";
let bytes = 0;

before(async () => {
    lab = await openLab();
    master = await startMaster(lab, { daemons: true });
    site = await openSite(lab, master, "");
});
after(async () => {
    site?.[Symbol.dispose]();
    await lab.close();
});

const capture = 'boot.capture({ disk: "only", name: "golden", generation: 1 })';
const image = (sha256?: string) => `const golden = new netboot.DiskImage("golden", { master: m, source: { master: "${file}" }${sha256 ? `, sha256: "${sha256}"` : ""} });\n`;
/** Machines by name, with what they boot. A busy host without KVM loses the ticks by which a kernel tests its timer. */
const program = (boots: Record<string, string>, more = "") => `
const m = master({ imaging: { authorizedKeys: ["${keys.public.trim()}"], cmdline: "console=ttyS0 ${EMULATED}", captureLimit: "64MB" }, ${registering} });
new netboot.DhcpPool("lan", { master: m, subnet, range });
${more}${Object.entries(boots).map(([name, boot]) => `new netboot.Machine("${name}", { master: m, mac: "${macs[name]}", boot: ${boot} });\n`).join("")}`;

async function status(...flags: string[]): Promise<string> {
    const { out, err } = await netboot(site, "status", ...flags);
    assert.equal(err, "");
    return out;
}
const statusOf = async (machine: string) => JSON.parse(await status("--json")).find((one: { machine: string }) => one.machine === machine);
const said = async (machine: string, stage: string) => ((await master.tryExec(`cat /srv/netboot/reports/${machine}/status`)).stdout.includes(`"stage":"${stage}"`) ? true : undefined);
const power = async (name: string, disk: Buffer | string) => (clients[name] = await startClient(lab, { name, firmware: "bios", mac: macs[name]!, disk, memory: 1024 }));

/** The web server's answer to a body of which nobody knows beforehand how long it is. */
const ask = (method: string, path: string, bytes = 0, headers: Record<string, string> = {}) =>
    new Promise<number>((resolve, reject) => {
        const asked = request({ host: master.host, path, method, headers, agent: false }, (answer) => (answer.resume(), resolve(answer.statusCode!)));
        asked.on("error", (error) => setTimeout(reject, 1000, error));
        for (let sent = 0; sent < bytes; sent += 1 << 20) asked.write(Buffer.alloc(1 << 20));
        asked.end();
    });

test("the master takes a disk from the machine that has the order's token, once, and gives it to nobody", async () => {
    site.program(program({ gold: capture }));
    assert.match((await site.run(["preview", "--diff"])).text, /reads its only fixed disk into \/srv\/netboot\/captures\/golden\/1\.zst/);
    await site.up();
    const claim = `/claims/${"a".repeat(32)}`, token = "b".repeat(32), place = `${claim}/image.zst`, own = `${place}?by=${token}`;
    await master.exec(`cd /srv/netboot && install -d -o www-data .${claim} && touch .${claim}/by-${token}`);
    for (const path of [place, `${place}?by=${"c".repeat(32)}`, `${place}?by=../by-${token}`]) assert.equal(await ask("PUT", path, 1), 403, path);
    assert.equal(await ask("PUT", own, 3 << 20), 201);
    for (const path of [own, place, "/captures/golden/1.zst"]) assert.ok([403, 404].includes(await ask("GET", path)), path);
    assert.equal(await ask("PUT", own, 1), 409, "a second one");
    assert.equal(await ask("DELETE", place), 403);
    assert.equal(await ask("DELETE", own), 204);
    assert.equal(await ask("PUT", own, 65 << 20), 413, "more than imaging.captureLimit");
    await master.exec("mount -t tmpfs -o size=4m,uid=33,mode=700 tmpfs /srv/netboot/claims/.incoming");
    assert.equal(await ask("PUT", own, 16 << 20), 500, "a full disk");
    assert.equal(await master.exec("sleep 1; find /srv/netboot/claims/.incoming -type f; umount /srv/netboot/claims/.incoming"), "", "nothing stays of what did not come to its end");
    await master.exec(`touch /srv/netboot${claim}/done`);
    for (const method of ["PUT", "DELETE"]) assert.equal(await ask(method, own, method === "PUT" ? 1 : 0), 409, "after its word that it is done");
    assert.equal(await master.exec(`find /srv/netboot/claims/.incoming -type f; ls -A /srv/netboot${claim}; rm -r /srv/netboot${claim}`), `by-${token}\ndone\n`);
});

test("of two boots at once that ask for one token, one has it", async (t) => {
    t.after(() => master.exec("rm -rf /srv/netboot/claims/d*"));
    for (let round = 0; round < 20; round++) {
        const nonce = round.toString(16).padStart(32, "d"), tokens = ["b", "c"].map((of) => of.repeat(32));
        await master.exec(`cd /srv/netboot && install -d -o www-data claims/${nonce} && install -o www-data /dev/null claims/${nonce}/open`);
        const take = (token: string) => ask("MOVE", `/claims/${nonce}/open`, 0, { destination: `http://${master.host}/claims/${nonce}/by-${token}` });
        const answers = await Promise.all(tokens.map(take));
        const [had, not] = answers[0] === 204 ? tokens : tokens.toReversed();
        assert.ok(answers.includes(204), answers.join(", "));
        // nginx looks before it renames: who comes in between hears 500, and 404 when it asks again, as a machine does.
        assert.ok([404, 500].includes(answers[tokens.indexOf(not!)]!), answers.join(", "));
        assert.equal(await take(not!), 404);
        // Who lost the answer asks whose it is.
        assert.deepEqual([await ask("GET", `/claims/${nonce}/by-${had}`), await ask("GET", `/claims/${nonce}/by-${not}`)], [200, 404]);
        assert.equal(await master.exec(`ls /srv/netboot/claims/${nonce}; rm -r /srv/netboot/claims/${nonce}`), `by-${had}\n`);
    }
});

test("a disk comes to the master whole or not at all, without its free blocks, and no reboot captures it again", { timeout: 1_200_000 }, async (t) => {
    const began = Date.now();
    const gold = await power("gold", golden.disk);
    await until("the image", 900_000, async () => ((await master.tryExec(`test -e ${file}`)).exitCode === 0 ? true : undefined));
    const packed = Buffer.from(await master.exec(`base64 -w0 ${file}`), "base64");
    assert.equal(zstdDecompressSync(packed).length, size);
    await gold.waitFor("local", 600_000);
    t.diagnostic(`from power on to its own disk again ${((Date.now() - began) / 1000).toFixed(0)} s`);
    digest = createHash("sha256").update(packed).digest("hex");
    bytes = packed.length;
    assert.ok(bytes < golden.used * 1.2, `${bytes} of ${size}`);
    await gold.reboot();
    await gold.waitFor("local", 600_000);
    assert.ok(!gold.stages.some(({ stage }) => stage === "kernel"));
    // GRUB would run the page that comes with a 404.
    const order = (form: string) => fetch(`http://${master.host}/orders/gold/order.${form}`).then(async (answer) => [answer.status, form === "grub" && (await answer.text())]);
    assert.deepEqual(await Promise.all(["ipxe", "grub"].map(order)), [[404, false], [200, "# nothing to do\n"]]);
});

test("status shows it with its digest, and the line for the program", async () => {
    const expected = { name: "golden", path: file, sha256: digest, size: bytes };
    assert.deepEqual((await statusOf("gold")).captured, expected);
    assert.ok((await status()).includes(`new netboot.DiskImage("golden", { master, source: { master: "${file}" }, sha256: "${digest}" });`));
});

test("anybody may ask to register: no request makes a place, and what is no report harms nobody", () => hostile(master, (...args) => netboot(site, ...args)));

test("an unknown machine says once what hardware it has, and then boots its disk; the line for the program declares it", { timeout: 1_200_000 }, async () => {
    const line = await stranger(lab, master, (...args) => netboot(site, ...args));
    assert.match(line, /^\/\/ pc-01: QEMU [^\n]*Q35[^\n]*; serial 5BT8K12; [^\n]*vda \d+ MB[^\n]*\nnew netboot\.Machine\("pc-01", \{ master, mac: "52:54:00:00:0f:10" \}\);\n$/);
    site.program(program({ gold: capture }, line.replace("{ master,", "{ master: m,")));
    await site.up();
    const declared = await netboot(site, "discovered", "--all");
    assert.match(declared.out, /^52:54:00:00:0f:10 .* declared: pc-01$/m);
    assert.match((await netboot(site, "discovered", "forget", "--declared")).out, /^forgotten: 52:54:00:00:0f:10$/m);
    assert.match((await netboot(site, "discovered")).out, /^No unknown machine has registered\.$/m);
});

test("it is not cloned without its digest, nor with another one, nor written over", async () => {
    const local = { gold: "boot.local()" };
    site.program(program({ gold: capture }, image()));
    assert.match((await site.run(["preview"], { expect: "any" })).text, /captures\/golden\/1\.zst" without a digest: add sha256/);
    site.program(program({ gold: capture }, image("12".repeat(32))));
    assert.match((await site.up({ expect: "any" })).text, new RegExp(`1\\.zst has the SHA-256 ${digest} and not 1212`));
    site.program(program({ gold: capture.replace("golden", "silver") }));
    assert.match((await site.run(["preview"], { expect: "any" })).text, /boot\.generation is 1 for gold, and that was ordered already, for \/srv\/netboot\/captures\/golden\/1\.zst: say 2/);
    site.program(program({ ...local, other: capture }));
    assert.match((await site.run(["preview"], { expect: "any" })).text, /other is to read its disk into \/srv\/netboot\/captures\/golden\/1\.zst, as gold was ordered to: say another name/);
    site.program(program(local));
    await site.up();
    assert.equal(await master.exec("find /srv/netboot/captures/golden -type f -printf '%m %u %f\\n' | sort"), "600 root 1.zst\n600 root 1.zst.done\n");
    site.program(program({ ...local, other: capture }));
    assert.match((await site.up({ expect: "any" })).text, /other is to be read into \/srv\/netboot\/captures\/golden\/1\.zst, which is there already/);
    assert.equal((await master.exec(`sha256sum <${file}`)).slice(0, 64), digest);
});

test("rolled out, another machine has the same files; while it is cloned, and while it stays, ssh is there for the key alone", { timeout: 1_200_000 }, async () => {
    site.program(program({ gold: "boot.local()", copy: 'boot.clone(golden, { disk: "only", generation: 1, then: "shell" })' }, image(digest)));
    await site.up();
    await power("copy", "256M");
    await until("the first bytes", 900_000, () => said("copy", "write"));
    // Nobody is done without a word of the web server.
    await master.exec("systemctl kill --signal=STOP netboot-http");
    try {
        const cloning = await statusOf("copy");
        assert.notEqual(cloning.order, "done");
        assert.match((await reached(cloning, "cat /run/netboot/job")).said, /^do clone$/m);
    } finally {
        await master.exec("systemctl kill --signal=CONT netboot-http");
    }
    await until("the clone", 900_000, () => said("copy", "shell"));
    const machine = await statusOf("copy");
    assert.equal(machine.order, "done");
    const { said: sums } = await reached(machine, sumsOf("/dev/vda"));
    assert.equal(sums, golden.sums);
});

/** Logs in, and knows that the host key is the one that the machine has reported. */
async function reached({ machine, said }: { machine: string; said: { address: string; hostkey: string } }, command: string) {
    const scanned = execFileSync("sh", ["-c", `ssh-keyscan -T 60 -t ed25519 ${said.address} 2>/dev/null | ssh-keygen -lf -`], { encoding: "utf8" }).split(" ")[1];
    assert.equal(scanned, said.hostkey);
    assert.ok((await status()).includes(`${machine}: ssh root@${said.address}    host key ${said.hostkey}\n`));
    await assert.rejects(login(said.address, { password: "" }, ":"), /authentication methods failed/);
    await assert.rejects(login(said.address, { password: "root" }, ":"), /authentication methods failed/);
    const answer = await login(said.address, { privateKey: keys.private }, command);
    assert.equal(answer.hostKey, said.hostkey);
    return answer;
}

if (process.env["NETBOOT_LONG"])
    test("a clone can end with the power off", { timeout: 1_200_000 }, async () => {
        site.program(program({ gold: "boot.local()", copy: 'boot.clone(golden, { disk: "only", generation: 2, then: "poweroff" })' }, image(digest)));
        await site.up();
        await clients.copy!.restart();
        await assert.rejects(clients.copy!.waitFor(/nothing says this/, 900_000), /the machine ended/);
        assert.equal((await statusOf("copy")).order, "done");
    });

test("a rescue boot changes nothing and is reached in the same way", { timeout: 1_200_000 }, async () => {
    site.program(program({ gold: "boot.rescue()", copy: "boot.local()" }, image(digest)));
    await site.up();
    const { gold } = clients;
    await gold!.restart();
    await until("the rescue system", 900_000, () => said("gold", "shell"));
    const { said: sums } = await reached(await statusOf("gold"), sumsOf("/dev/vda"));
    assert.equal(sums, golden.sums);
    site.program(program({ gold: "boot.local()", copy: "boot.local()" }));
    await site.up();
    await gold!.reboot();
    await gold!.waitFor("local", 600_000);
    await site.destroy();
    assert.equal(await master.exec("find /srv/netboot -type f | sort"), `${file}\n${file}.done\n`, "what was captured stays");
});
