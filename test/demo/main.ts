// `npm run demo`: the whole of the main job, on a real master and real PXE clients in containers.
import { join } from "node:path";
import { artifacts, pulumiBin } from "../setup/where.mjs";
import { type Client, startClient } from "../lab/client.ts";
import { type Lab, openLab } from "../lab/lab.ts";
import { type Master, startMaster } from "../lab/master.ts";
import { differences, excluded, inWords } from "../lab/snapshot.ts";
import { openProject, type Project } from "../pulumi/project.ts";
import { bold, dim, step, table, watch } from "./show.ts";

const keep = process.argv.includes("--keep");
const desks = [
    { name: "desk-01", mac: "52:54:00:00:00:01", firmware: "bios" },
    { name: "desk-02", mac: "52:54:00:00:00:02", firmware: "uefi" },
] as const;
const arguments_ = "console=ttyS0 quiet";
const changed = "console=ttyS0 quiet netboot.lesson=2";

const lab = await openLab({ keep });
try {
    await demo(lab);
} finally {
    await lab.close();
}

async function demo(lab: Lab): Promise<void> {
    let master!: Master;
    let project!: Project;
    let clients!: Client[];

    await step("A plain master", async () => {
        master = await startMaster(lab);
        return `Debian ${master.debian} with systemd and sshd at ${master.host}, nothing of ours in it`;
    });
    const before = await master.snapshot();
    project = await openProject("quickstart", {
        host: master.host, hostKey: master.hostKey, user: "root", keyPath: master.privateKeyPath, address: master.host,
        subnet: lab.network.subnet, range: `${lab.at(100)}-${lab.at(150)}`, kernel: artifacts.vmlinuz, initrd: artifacts.initrd,
    });

    await step("Preview and up", async () => {
        await project.run(["preview", "--diff"], { show: true });
        await project.run(["up", "--yes", "--skip-preview"], { show: true });
        return "a DHCP pool, a kernel image and two machines declared, previewed and applied";
    });

    await step("Two machines boot from the network", async () => {
        clients = await Promise.all(desks.map((desk) => startClient(lab, desk)));
        await watch(clients, Promise.all(clients.map((client) => client.waitFor("up", 120_000))));
        for (const client of clients) expectCommandLine(client, `${arguments_} netboot.name=${client.name}`);
        return "BIOS and UEFI, each to its declared kernel and command line";
    });

    await step("A new command line", async () => {
        project.edit((text) => text.replace(arguments_, changed));
        const preview = await project.run(["preview", "--diff"], { show: true });
        if (!preview.text.includes("netboot.lesson=2")) throw new Error("the preview does not show the new command line");
        await project.run(["up", "--yes", "--skip-preview"], { show: true });
        const client = clients[0]!;
        await client.reboot();
        await watch([client], client.waitFor("up", 120_000));
        expectCommandLine(client, `${changed} netboot.name=${client.name}`);
        return `${client.name} came up again with it`;
    });

    await step("Up again", async () => {
        await project.run(["up", "--yes", "--skip-preview", "--expect-no-changes"], { show: true });
        return "nothing to do";
    });

    await step("A hand on the master", async () => {
        const file = "/srv/netboot/http/mac/52-54-00-00-00-02.ipxe";
        console.log(dim(`   # echo 'echo hello' >>${file}`));
        await master.exec(`echo 'echo hello' >>${file}`);
        const refresh = await project.run(["refresh", "--yes", "--diff"], { show: true });
        if (!refresh.text.includes("echo hello")) throw new Error("refresh does not show the line");
        await project.run(["up", "--yes", "--skip-preview"], { show: true });
        if ((await master.exec(`cat ${file}`)).includes("echo hello")) throw new Error("up did not put the file back");
        return "refresh shows the line, up puts the file back";
    });

    if (keep) return explain(master, project);
    await Promise.all(clients.map((client) => client.stop()));
    await step("Destroy", async () => {
        await project.run(["destroy", "--yes", "--skip-preview"], { show: true });
        const left = differences(before, await master.snapshot());
        if (left.length) console.log(inWords(left));
        if (left.length) throw new Error(`${left.length} differences from before`);
        return `the master is as before: ${before.files.size} files and ${before.packages.size} packages compared`;
    });
    console.log(dim(`   left out of the comparison: ${excluded.map(({ path }) => path).join(" ")}`));
    project.remove();
    table();
    console.log("\nTo keep the lab and play with it: npm run demo -- --keep");
}

function expectCommandLine(client: Client, wanted: string): void {
    if (!client.cmdline().includes(wanted)) throw new Error(`${client.name} came up with ${JSON.stringify(client.cmdline())}, not ${JSON.stringify(wanted)}`);
    console.log(`   ${client.name} runs with: ${bold(client.cmdline())}`);
}

function explain(master: Master, project: Project): void {
    project.keep();
    table();
    const beside = (name: string) => join(project.folder, "..", name);
    console.log(`
The lab stays. The program is in ${project.folder}; change it, then

  cd ${project.folder}
  export PATH=${pulumiBin()}:$PATH
  export PULUMI_BACKEND_URL=file://${beside("state")} PULUMI_HOME=${beside("home")} PULUMI_CONFIG_PASSPHRASE=
  pulumi up

  ssh -i ${master.privateKeyPath} root@${master.host}
  curl http://${master.host}/boot?mac=52-54-00-00-00-01

When you are done, in this folder:  node_modules/.bin/node test/lab/remove.ts`);
}
