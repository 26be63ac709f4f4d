// An unknown machine says what hardware it has, and starts again, whatever happens.
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { understood } from "../../provider/dist/discovery/hardware.js";
import { type Disk, Machine, skip } from "./machine.ts";
import { startMaster } from "./server.ts";

const place = "/discovered/52-54-00-00-00-01/report";

async function stranger(t: TestContext, disks: Disk[], uefi = false) {
  const master = await startMaster();
  const machine = new Machine(master, disks, uefi);
  t.after(async () => { await master.close(); machine.remove(); });
  machine.cmdline({ "netboot.machine": "52-54-00-00-00-01", "netboot.order": undefined, "netboot.register": "1" });
  const write = (path: string, text: string) => {
    mkdirSync(join(machine.root, path, ".."), { recursive: true });
    writeFileSync(join(machine.root, path), text);
  };
  return { master, machine, write };
}

test("it says what it is made of, and starts again", { skip }, async (t) => {
  const { master, machine, write } = await stranger(t, [{ name: "sda", size: 1 << 20, serial: "S\\1", wwn: "0x5000" }, { name: "sr0", size: 1 << 20, type: "rom" }, { name: "nvme0n1", size: 1 << 21, tran: "nvme" }], true);
  const dmi = { product_serial: "  Desk 4: 5%  \n", sys_vendor: "ACME\u001b[31m\n", product_name: "x".repeat(5000), bios_vendor: "EDK II\n", bios_version: "2.7\n" };
  for (const [name, text] of Object.entries(dmi)) write(`sys/class/dmi/id/${name}`, text);
  write("proc/cpuinfo", "processor\t: 0\nmodel name\t: Some CPU @ 3 GHz\nprocessor\t: 1\nmodel name\t: Some CPU @ 3 GHz\n");
  write("sys/class/net/eth0/device/driver", "");
  write("sys/class/net/eth0/address", "52:54:00:00:00:01\n");
  write("sys/class/net/eth0/carrier", "1\n");
  write("sys/class/net/lo/address", "00:00:00:00:00:00\n");
  assert.equal(await machine.run(), "reboots", machine.output);
  const [text, ...more] = master.put.get(place)!;
  assert.deepEqual(more, []);
  assert.ok(text!.length < 2000, `${text!.length}`);
  const { cpus, ...rest } = understood(text!, "52:54:00:00:00:01")!;
  assert.ok(cpus! >= 1);
  assert.deepEqual(rest, {
    uuid: "4c4c4544-0042", serial: "Desk 4: 5%", maker: "ACME[31m", model: "x".repeat(64), firmware: "uefi", version: "EDK II 2.7", cpu: "Some CPU @ 3 GHz", memory: 2048000 * 1024,
    cards: [{ name: "eth0", mac: "52:54:00:00:00:01", link: true }],
    disks: [{ name: "sda", serial: "S/1", wwn: "0x5000", transport: "sata", size: 1 << 20 }, { name: "nvme0n1", transport: "nvme", size: 1 << 21 }],
  });
  assert.deepEqual(master.asked.filter((asked) => !asked.startsWith("PUT /discovered/")), [], "nothing else is asked for or reported");
});

test("a machine with more than a report has room for", { skip }, async (t) => {
  const { master, machine, write } = await stranger(t, Array.from({ length: 60 }, (_, i) => ({ name: `sd${i}`, size: 1 << 20, serial: `serial-${i}-${"y".repeat(300)}`, wwn: "z".repeat(300) })));
  for (let i = 0; i < 40; i++) {
    write(`sys/class/net/eth${i}/device/driver`, "");
    write(`sys/class/net/eth${i}/address`, "52:54:00:00:00:02\n");
  }
  assert.equal(await machine.run(), "reboots", machine.output);
  const text = master.put.get(place)![0]!;
  assert.ok(text.length <= 16 << 10, `${text.length}`);
  const { cards, disks } = understood(text, "52:54:00:00:00:01")!;
  assert.deepEqual([cards.length, disks.length], [16, 32]);
});

test("an answer that is lost, one that says so already, and a master that takes nothing: it starts again", { skip }, async (t) => {
  const { master, machine } = await stranger(t, [{ name: "sda", size: 1 << 20 }]);
  master.fault = (_asked, times) => (times === 1 ? "lost" : { status: 409 });
  assert.equal(await machine.run(), "reboots", machine.output);
  assert.equal(master.asked.length, 2);
  master.asked.length = 0;
  master.fault = () => ({ status: 507 });
  assert.equal(await machine.run(), "reboots");
  assert.match(machine.output, /FAILED: the master does not take what this machine says of its hardware, and answers 507; nothing on any disk was changed/);
  machine.cmdline({ "netboot.register": "1" });
  await machine.run({ NETBOOT_STALL: "1" });
  assert.match(machine.output, /ask for more than one of rescue, register and an order/);
});
