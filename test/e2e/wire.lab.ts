// What goes over the wire: which client is told what by DHCP, and what TFTP and HTTP then really serve. No firmware runs
// here: each client is played, also the ones that QEMU's cannot be, such as a BIOS whose PXE is not iPXE.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { dhcp, type DhcpAnswer, type Lab, type Master, openLab, startMaster } from "../lab/index.ts";
import type { Project } from "../pulumi/project.ts";
import { newMachine } from "./newMachine.ts";
import { prelude, site } from "./site.ts";
import { http, packaged, question, sha256, signedProgram, tftp } from "./wire.ts";

let lab: Lab;
let master: Master;
let project: Project & Disposable;
let second: string;                      // another address of the master

const known = { mac: "52:54:00:00:00:01", uuid: "11111111-2222-3333-4444-555555555501", serial: "ABC-1" };
const byUuid = "11111111-2222-3333-4444-555555555502";
const serial = "Rack 7: 5% off+/&=?";
const stranger = "52:54:00:00:00:99";
const insisting = "52:54:00:00:00:77";
const signed = { shim: signedProgram("shim"), grub: signedProgram("GRUB HTTP/1.1") };

interface Site {
    master?: string;
    pool?: string;
    cmdline?: string;
    more?: string;
}
/** The same site, with other fields of its master, its pool and its image. */
const program = ({ master: fields = "", pool = "", cmdline = "quiet", more = "" }: Site = {}) => `${prelude}
const master = new netboot.MasterServer("lab", { connection, address: site.require("address"), ${fields} });
const lan = new netboot.DhcpPool("lan", { master, subnet: site.require("subnet"), range: site.require("range"),
    router: site.require("router"), dns: [site.require("router")], domain: "lab.test", leaseTime: "1h", options: { "option:mtu": "1400" }, ${pool} });
const rescue = new netboot.KernelImage("rescue", { master, kernel: "./vmlinuz", initrds: ["./initrd.img"], cmdline: "${cmdline}" });
new netboot.Machine("desk-01", { master, ...${JSON.stringify(known)}, pool: lan, address: site.require("fixed"), hostname: "Desk-01", boot: boot.kernel(rescue, { append: "netboot.name=desk-01" }) });
new netboot.Machine("by-uuid", { master, uuid: "${byUuid}", boot: boot.shell() });
new netboot.Machine("by-serial", { master, serial: ${JSON.stringify(serial)}, boot: boot.kernel(rescue) });
${more}`;

/** Only at first: later ones take it away again. */
const withSecureBoot: Site = {
    master: 'secureBoot: { shim: "./shim", grub: "./grub" },',
    more: `new netboot.Machine("insists", { master, mac: "${insisting}", secureBoot: true, boot: boot.local({ method: "exit" }) });\n`,
};

const up = async (to: Site) => {
    project.edit(() => program(to));
    await project.run(["up", "--yes", "--skip-preview"]);
};

/** One exchange with the master, as a relay would bring it. */
const exchange = (client: dhcp.ClientKind, mac: string = known.mac, extra: [number, Buffer][] = []) => ({ network: lab.network, client, mac, server: master.host, extra, waitMs: 6000 }) as const;
const offered = async (client: dhcp.ClientKind, mac?: string, extra?: [number, Buffer][]): Promise<DhcpAnswer> => {
    const [offer] = await dhcp.discover(exchange(client, mac, extra));
    assert.ok(offer, `no offer to ${client} ${mac ?? known.mac}`);
    return offer;
};
/** Nothing is offered, also not after the 3 s for which dnsmasq pings an address before it offers it for the first time. */
const silent = async (client: dhcp.ClientKind, mac: string) => assert.deepEqual(await dhcp.discover({ ...exchange(client, mac), waitMs: 3600 }), []);
const toBoot = ({ bootFile, nextServer }: DhcpAnswer) => ({ bootFile, nextServer });
const asked = async (query: string, server = `http://${master.host}`) => {
    const { status, text } = await http(`${server}/boot?${query}`);
    assert.equal(status, 200, query);
    return /^# (.*)/m.exec(text)?.[1];
};
const hex = (text: string) => Buffer.from(text).toString("hex");

before(async () => {
    lab = await openLab();
    master = await startMaster(lab, { daemons: true });
    second = lab.at(5);
    await master.exec(`ip addr add ${second}/24 dev eth0`);
    project = await site(lab, master, { "index.ts": program(withSecureBoot), vmlinuz: "a kernel", "initrd.img": "a RAM disk" }, { range: `${lab.at(100)}-${lab.at(102)}`, router: lab.network.gateway, fixed: lab.at(20) });
    for (const [name, content] of Object.entries(signed)) writeFileSync(join(project.folder, name), content);
    await project.run(["up", "--yes", "--skip-preview"]);
});
after(async () => {
    project?.[Symbol.dispose]();
    await lab?.close();
});

test("each kind of firmware is told its loader, and iPXE the script", async () => {
    const script = { bootFile: `tftp://${master.host}/boot.ipxe`, nextServer: master.host };
    const loader = (bootFile: string) => ({ bootFile, nextServer: master.host });
    const wanted: [dhcp.ClientKind, object][] = [
        ["biosPxe", loader("undionly.kpxe")],
        ["ipxeBios", script],
        ["biosPxe", loader("undionly.kpxe")],                    // after it was iPXE: the lease remembers nothing
        ["ipxeUefi", script],
        ["uefi64", loader("snponly.efi")],
        ["uefiBc", loader("snponly.efi")],
        ["uefiArm64", loader("ipxe-arm64.efi")],
        ["uefi32", loader("")],                                  // nobody has one
    ];
    for (const [client, answer] of wanted) {
        const { offers: [offer], answer: ack } = await dhcp.acquire(exchange(client));
        if (client === "uefi32") assert.equal(offer!.bootFile, "", client);
        else assert.deepEqual([toBoot(offer!), toBoot(ack)], [answer, answer], client);
        assert.ok(["", master.host].includes(offer!.tftpServer), `option 66 is ${offer!.tftpServer}`);
    }
});

test("a machine that insists on signatures is told shim, which finds GRUB beside it, which finds what the machine boots; over HTTP it is told nothing", async () => {
    const offer = await offered("uefi64", insisting);
    assert.deepEqual(toBoot(offer), { bootFile: "shimx64.efi", nextServer: master.host });
    assert.equal(sha256(await tftp(master.host, offer.bootFile)), sha256(signed.shim));
    assert.equal(sha256(await tftp(master.host, "grubx64.efi")), sha256(signed.grub));
    assert.match((await tftp(master.host, "grub/grub.cfg-01-52-54-00-00-00-77")).toString(), /^# machine insists: .*\nset timeout=0\n.*\nexit\n$/);
    assert.equal((await offered("uefi64Http", insisting)).bootFile, "");
    assert.equal((await offered("biosPxe", insisting)).bootFile, "undionly.kpxe");
});

test("iPXE is known by option 175 alone and by its user class alone", async () => {
    const script = `tftp://${master.host}/boot.ipxe`;
    assert.equal((await offered("biosPxe", known.mac, [[77, Buffer.from("iPXE")]])).bootFile, script);
    assert.equal((await offered("uefi64", known.mac, [[175, Buffer.from([19, 1, 1])]])).bootFile, script);
});

test("a client that asks for neither option 66 nor 67 reads its file in the header", async () => {
    const { message } = await offered("biosPxe", known.mac, [[55, Buffer.from([1, 3])]]);
    assert.deepEqual([message.file, message.siaddr], ["undionly.kpxe", master.host]);
});

test("firmware that boots over HTTP is told a URL that serves its loader, and sees its vendor class again", async () => {
    const offer = await offered("uefi64Http");
    assert.deepEqual([offer.bootFile, offer.vendorClass], [`http://${master.host}/loader/snponly.efi`, "HTTPClient"]);
    const { status, headers, body } = await http(offer.bootFile);
    assert.deepEqual([status, headers["content-length"], sha256(body)], [200, String(body.length), await packaged(master, "snponly.efi")]);
    assert.equal((await http(offer.bootFile, "HEAD")).headers["content-length"], String(body.length));
    const arm = await offered("uefiArm64Http");
    assert.deepEqual([arm.bootFile, arm.vendorClass], [`http://${master.host}/loader/ipxe-arm64.efi`, "HTTPClient"]);
});

test("TFTP serves the loaders of the package, and nothing else of the master", async () => {
    for (const name of ["undionly.kpxe", "snponly.efi"]) assert.equal(sha256(await tftp(master.host, name)), await packaged(master, name));
    for (const path of ["../../../etc/passwd", "/etc/passwd", "/srv/netboot/tftp/../../../etc/passwd", "nothing"]) await assert.rejects(tftp(master.host, path), /not found|cannot access|denied/i);
});

test("an installed system gets an address and all that belongs to it", async () => {
    const { answer } = await dhcp.acquire(exchange("system", stranger));
    const { mask, routers, dns, domain, leaseSeconds, vendorClass } = answer;
    assert.deepEqual({ mask, routers, dns, domain, leaseSeconds, vendorClass }, { mask: "255.255.255.0", routers: [lab.network.gateway], dns: [lab.network.gateway], domain: "lab.test", leaseSeconds: 3600, vendorClass: undefined });
    const { message } = await offered("system", stranger, [[55, Buffer.from([1, 26])]]);
    assert.equal(message.options.get(26)?.readUInt16BE(), 1400);
});

test("a machine has its own address and host name; the pool has its range and nothing else, and says so", async () => {
    const { answer: own } = await dhcp.acquire(exchange("biosPxe"));
    assert.deepEqual([own.type, own.address, own.hostName], ["ack", lab.at(20), "desk-01"]);
    const given = [(await dhcp.acquire(exchange("system", stranger))).answer.address];
    for (const last of ["a1", "a2"]) given.push((await dhcp.acquire(exchange("system", `52:54:00:00:00:${last}`))).answer.address);
    assert.deepEqual(given.sort(), [lab.at(100), lab.at(101), lab.at(102)]);
    await silent("system", "52:54:00:00:00:a3");                 // the pool is used up
    for (const taken of [master.host, lab.network.gateway, lab.at(20), lab.at(50), "192.0.2.7"]) {
        const answers = await dhcp.request({ ...exchange("system", "52:54:00:00:00:a3"), waitMs: 1000 }, taken);
        assert.deepEqual(answers.filter(({ type }) => type !== "nak"), [], `${taken} was given`);
    }
});

test("leases survive a restart of the service", async () => {
    const before = (await dhcp.acquire(exchange("system", stranger))).answer.address;
    await master.exec("systemctl restart netboot-dhcp.service");
    const [again] = await dhcp.request(exchange("system", stranger), before);
    assert.deepEqual([again?.type, again?.address], ["ack", before]);
    await silent("system", "52:54:00:00:00:a3");                 // and the others' leases are still theirs
});

test("a new machine gets its address without a reload, a changed one after it", () =>
    newMachine(lab, master, (machine) => up({ more: `new netboot.Machine("new", { master, pool: lan, ...${JSON.stringify(machine)} });` })));

test("iPXE's first script asks one URL; an iPXE with a script of its own may chain to the same", async () => {
    assert.equal(await question(`tftp://${master.host}/boot.ipxe`), `http://${master.host}/boot`);
    assert.equal((await http(`http://${master.host}/boot.ipxe`)).text.replaceAll(" /boot?", ` http://${master.host}/boot?`), (await tftp(master.host, "boot.ipxe")).toString());
});

test("one URL answers by MAC, then UUID, then serial, then as for unknown machines", async () => {
    const mac = known.mac.replaceAll(":", "-");
    const other = "52-54-00-00-00-98";
    const cases: [string, string][] = [
        [`mac=${mac}&uuid=${byUuid}&serial=${hex(serial)}`, "machine desk-01"],
        [`serial=${hex(serial)}&uuid=${byUuid}&mac=${mac}`, "machine desk-01"],
        [`mac=${other}&uuid=${byUuid}&serial=${hex(serial)}`, "machine by-uuid"],
        [`mac=${other}&uuid=${known.uuid}&serial=${hex(serial)}`, "machine desk-01"],
        [`mac=${other}&uuid=${byUuid.replace(/.$/, "f")}&serial=${hex(serial)}`, "machine by-serial"],
        [`mac=&uuid=&serial=${hex(known.serial)}`, "machine desk-01"],
        [`mac=${other}&uuid=&serial=${hex(`${serial}   `)}`, "machine by-serial"],       // firmware pads with spaces
        [`mac=${other}&uuid=&serial=${hex("Nobody")}&arch=x86_64&platform=efi`, "unknown machine"],
        ["", "unknown machine"],
    ];
    for (const [query, wanted] of cases) assert.equal(await asked(query), wanted, query);
    assert.equal(/^# (.*)/m.exec((await http(`http://${master.host}/boot`)).text)?.[1], "unknown machine");
});

test("whatever else stands in the URL is nobody", async () => {
    const mac = known.mac.replaceAll(":", "-");
    const long = "a".repeat(3000);
    const hostile = [
        known.mac, mac.replace("52", "5 2"), `${mac}/`, `${mac}.ipxe`, `${mac}%00`, `${mac}%0a`, `x${mac}`, mac.replace("00", "0G"), "AA-BB-CC-DD-EE-FF", mac.replaceAll("-", "_"), "..", "../mac/" + mac, `..%2fmac%2f${mac}`,
        `%2e%2e%2fmac%2f${mac}`, `.%2e/uuid/${known.uuid}`, "../../../../etc/passwd", "%2e%2e/%2e%2e/%2e%2e/etc/passwd", "${mac}", "$netboot_mac", "*", "", long, mac + long, "%", "%zz", "|", "'", '"', "<script>",
    ];
    for (const value of hostile) for (const name of ["mac", "uuid", "serial"]) assert.equal(await asked(`${name}=${value.replaceAll(" ", "%20")}`), "unknown machine", `${name}=${value}`);
    assert.equal(await asked(`uuid=${known.uuid.toUpperCase().replace("1", "A")}`), "unknown machine");
    assert.equal(await asked(`serial=${hex(serial).toUpperCase()}`), "unknown machine");
    // The name of another folder in an argument finds nothing there.
    assert.equal(await asked(`mac=${known.uuid}&uuid=${mac}&serial=${mac}`), "unknown machine");
});

test("HTTP serves files to readers: no listings, no writing, nothing from outside its folder", async () => {
    const at = (path: string, method?: string) => http(`http://${master.host}${path}`, method);
    for (const path of ["/", "/mac/", "/uuid/", "/serial/", "/menu/", "/blob/", "/loader/"]) assert.equal((await at(path)).status, 403, path);
    for (const path of ["/../../../etc/passwd", "/mac/../../../../etc/passwd", "/%2e%2e/%2e%2e/%2e%2e/etc/passwd", "/mac/..%2f..%2f..%2f..%2fetc/passwd", "//etc/passwd", "/nothing"]) {
        const { status, text } = await at(path);
        assert.ok(status === 400 || status === 404, `${path}: ${status}`);
        assert.doesNotMatch(text, /root:/);
    }
    const { text: before } = await at("/boot.ipxe");
    for (const method of ["PUT", "DELETE", "POST", "PATCH", "MKCOL", "MOVE", "PROPFIND"])
        for (const path of ["/boot.ipxe", "/boot", "/mac/52-54-00-00-00-01.ipxe", "/blob/new", "/register"]) {
            const { status } = await at(path, method);
            assert.ok(status === 403 || status === 405, `${method} ${path}: ${status}`);
        }
    assert.equal((await at("/boot.ipxe")).text, before);
});

test("a machine's script names a kernel and RAM disks that are served, and a changed command line reaches it", async () => {
    const script = async () => (await http(`http://${master.host}/boot?mac=${known.mac.replaceAll(":", "-")}`)).text;
    const text = await script();
    assert.match(text, /^set netboot-cmdline quiet netboot\.name=desk-01$/m);
    const paths = [...text.matchAll(/ (\/blob\/\S+)/g)].map(([, path]) => path!);
    assert.deepEqual(await Promise.all(paths.map(async (path) => (await http(`http://${master.host}${path}`)).text)), ["a kernel", "a RAM disk"]);
    await up({ cmdline: "quiet  ds=nocloud;s=http://10.0.0.1/seed/", master: 'unknownMachines: "register"', pool: "knownMachinesOnly: true" });
    assert.equal(await script(), text.replace("quiet", "quiet ds=nocloud;s=http://10.0.0.1/seed/"));
});

test("with knownMachinesOnly a stranger is not answered at all, and a machine is", async () => {
    await silent("biosPxe", stranger);
    assert.deepEqual(toBoot(await offered("biosPxe")), { bootFile: "undionly.kpxe", nextServer: master.host });
});

test("unknown machines may register: a line about themselves, then their own disk", async () => {
    const { text } = await http(`http://${master.host}/boot?mac=52-54-00-00-00-99`);
    assert.match(text, /^imgfetch --name registered --timeout 30000 \/register\?mac=/m);
    assert.match(text, /^:local$/m);
    await http(`http://${master.host}/register?mac=52-54-00-00-00-99&uuid=u&serial=S%201&arch=x86_64&maker=QEMU&model=Q%0a35`);
    assert.match(await master.exec("tail -n 1 /var/log/netboot/unknown.log"), / mac=52-54-00-00-00-99 uuid=u serial=S%201 arch=x86_64 maker=QEMU model=Q%0a35$/m);
});

test("HTTP and TFTP on another address and another port are told to clients, and serve", async () => {
    await up({ master: `http: { address: "${second}", port: 8080 }, tftp: { address: "${second}" }, interface: "eth0", unknownMachines: "ignore"` });
    const base = `http://${second}:8080`;
    const loader = await offered("biosPxe");
    assert.deepEqual(toBoot(loader), { bootFile: "undionly.kpxe", nextServer: second });
    assert.equal(sha256(await tftp(loader.nextServer, loader.bootFile)), await packaged(master, "undionly.kpxe"));
    const { bootFile } = await offered("ipxeUefi");
    assert.equal(bootFile, `tftp://${second}/boot.ipxe`);
    assert.equal(await question(bootFile), `${base}/boot`);
    assert.equal(await asked("mac=52-54-00-00-00-01", base), "machine desk-01");
    const overHttp = await offered("uefi64Http");
    assert.equal(overHttp.bootFile, `${base}/loader/snponly.efi`);
    assert.equal(sha256((await http(overHttp.bootFile)).body), await packaged(master, "snponly.efi"));
    await assert.rejects(http(`http://${master.host}/boot.ipxe`), /ECONNREFUSED/);
    await assert.rejects(http(`http://${master.host}:8080/boot.ipxe`), /ECONNREFUSED/);
});

test("ignored unknown machines get an address and no loader; machines get theirs", async () => {
    for (const client of ["biosPxe", "uefi64", "ipxeBios", "uefi64Http"] as const) {
        const { address, bootFile } = await offered(client, stranger);
        assert.deepEqual([bootFile, address.replace(/\d+$/, "")], ["", lab.at(0).replace(/\d+$/, "")], client);
    }
    assert.equal((await offered("ipxeBios")).bootFile, `tftp://${second}/boot.ipxe`);
});

test("where TFTP is not let through, firmware that boots over HTTP and iPXE are told URLs, and PXE is told nothing", async () => {
    await up({ pool: "tftp: false" });
    for (const client of ["biosPxe", "uefi64"] as const) assert.deepEqual(toBoot(await offered(client)).bootFile, "", client);
    assert.equal((await offered("uefi64Http")).bootFile, `http://${master.host}/loader/snponly.efi`);
    const { bootFile } = await offered("ipxeUefi");
    assert.equal(bootFile, `http://${master.host}/boot.ipxe`);
    assert.match((await http(bootFile)).text, /^chain .* \/boot\?mac=/m);
});

test("unknown machines may see a menu", async () => {
    const more = 'new netboot.BootMenu("strangers", { master, title: "Who are you?", entries: [{ name: "rescue", label: "Rescue", boot: boot.kernel(rescue) }] });';
    await up({ master: 'unknownMachines: "menu", unknownMenu: "strangers"', more });
    const { text } = await http(`http://${master.host}/boot?mac=52-54-00-00-00-99`);
    const url = /^chain .* (\/menu\/\S+) /m.exec(text)?.[1];
    assert.match((await http(`http://${master.host}${url}`)).text, /^menu -- Who are you\?$/m);
    assert.equal((await offered("ipxeBios", stranger)).bootFile, `tftp://${master.host}/boot.ipxe`);
});
