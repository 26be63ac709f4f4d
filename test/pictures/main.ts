/**
 * `npm run pictures`: what a person sees, from the screens of real clients, into docs/pictures. The classroom of examples/ on a master of the lab, and a client with a screen;
 * and the page with a thousand machines, as its test has it.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { bootableDisk, type Client, openLab, startClient, startMaster } from "../lab/index.ts";
import { monitor } from "../lab/monitor.ts";
import { settings } from "../e2e/site.ts";
import { openProject } from "../pulumi/project.ts";
import { root } from "../setup/where.mjs";

const folder = join(root, "docs", "pictures");
const mac = "52:54:00:00:00:11";
const most = 40 * 1024;
const pause = (seconds: number) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

/** What the client's screen shows now. */
async function picture(client: Client, name: string): Promise<void> {
    await pause(2);
    await monitor(client.container, "screendump", { filename: "/machine/screen.png", format: "png" });
    await pause(1);
    const bytes = Buffer.from(await client.exec("base64 /machine/screen.png"), "base64");
    if (bytes.readUInt32BE(0) !== 0x89504e47) throw new Error(`${name}: QEMU has written no PNG`);
    if (bytes.length > most) throw new Error(`${name}: ${bytes.length} bytes, and a picture in docs has at most ${most}`);
    writeFileSync(join(folder, `${name}.png`), bytes);
    console.log(`docs/pictures/${name}.png: ${bytes.length} bytes`);
}

mkdirSync(folder, { recursive: true });
const lab = await openLab();
try {
    const master = await startMaster(lab);
    const project = await openProject("classroom", { ...settings(lab, master), seats: { "seat-01": { mac, address: lab.at(21) } }, teacher: "52:54:00:00:00:12" });
    await project.run(["up", "--yes", "--skip-preview"], { show: true });
    // Beside the serial line, on which is typed, a screen.
    const client = await startClient(lab, { name: "seat-01", firmware: "bios", mac, serial: "Seat 1", disk: bootableDisk(), more: ["-device", "VGA"] });
    await client.waitFor(/For teachers/, 120_000);
    await picture(client, "menu");
    client.type("t");
    await client.waitFor(/Password/, 30_000);
    client.type("\r");
    await pause(1);
    client.type("correct horse");
    await picture(client, "password");
    client.type("\r");
    await client.waitFor(/About this machine/, 30_000);
    await picture(client, "tools");
    client.type("a");
    await client.waitFor(/Press any key/, 30_000);
    await picture(client, "hardware");
    client.type(" ");
    await pause(2);
    client.type("m");
    await pause(15);
    await picture(client, "memory");
    project.remove();
} finally {
    await lab.close();
}

const { status } = spawnSync(process.execPath, ["--test", join(root, "test/e2e/page.lab.ts")], { stdio: "inherit", env: { ...process.env, NETBOOT_PICTURES: "1" } });
process.exitCode = status ?? 1;
