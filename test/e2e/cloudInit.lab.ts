// The cloud-init of Debian 12 (22.4) and of Debian 13 (25.1) on a seed as it is served, with the command line that the machine's script gives its kernel. No kernel is booted:
// cloud-init takes the command line from its environment instead, and all else is its own.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type Lab, openLab } from "../lab/lab.ts";
import { type Master, startMaster } from "../lab/master.ts";
import type { Project } from "../pulumi/project.ts";
import { served } from "./cli.ts";
import { site } from "./site.ts";

let lab: Lab;
let master: Master;
let project: Project & Disposable;
before(async () => {
    lab = await openLab();
    master = await startMaster(lab, { daemons: true });
    project = await site(lab, master, "cloud-init", { token: "HUSH: it's \"secret\"" });
    await project.run(["up", "--yes", "--skip-preview"]);
});
after(async () => {
    project?.[Symbol.dispose]();
    await lab.close();
});

/** The command line of a machine, as its script has it. */
const cmdline = async (mac: string) => /^set netboot-cmdline (.*)$/m.exec(await master.exec(`cat /srv/netboot/http/mac/${mac}.ipxe`))![1]!;

/** A boot: which data sources are to be asked, and then the four stages. */
const stages = (line: string) => `
    export DEBUG_PROC_CMDLINE='${line}' PATH_PROC_1_CMDLINE=/tmp/cmdline; printf '%s' "$DEBUG_PROC_CMDLINE" >/tmp/cmdline
    rm -rf /run/cloud-init; /usr/lib/cloud-init/ds-identify --force
    cloud-init init --local && cloud-init init && cloud-init modules --mode config && cloud-init modules --mode final`;

/** A system with cloud-init in it, and a boot of it as the machine db-1. */
async function instance(debian: 12 | 13) {
    const blank = await startMaster(lab, { debian, address: lab.at(20 + debian), name: "blank" });
    await blank.exec("apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends cloud-init");
    // Docker has configured the network, and a bare Debian has no locales.
    await blank.exec("echo '{ network: { config: disabled }, locale: false }' >/etc/cloud/cloud.cfg.d/99-lab.cfg");
    return { ...blank, boot: async () => void (await blank.exec(stages(await cmdline("52-54-00-00-02-03")))), says: async (file: string) => (await blank.exec(`cat ${file}`)).trim() };
}

/** Debian 13's is for `npm run test:long`. */
const releases = process.env["NETBOOT_LONG"] ? ([12, 13] as const) : ([12] as const);

test(`cloud-init of Debian ${releases.join(" and of Debian ")} takes the seed, once, and a changed one as another instance`, async () => {
    const systems = await Promise.all(releases.map(instance));
    for (const { boot, says, exec, tryExec } of systems) {
        await boot();
        assert.match(await says("/run/cloud-init/result.json"), /DataSourceNoCloudNet/);
        assert.equal(await says("/var/lib/cloud/data/instance-id"), "iid-db-1");
        assert.equal((await exec("hostname")).trim(), "db-1");
        assert.equal(await says("/etc/motd"), "db-1: database of lab");
        assert.equal(await says("/etc/role"), "database");
        assert.equal(await says("/etc/token"), "HUSH: it's \"secret\"");
        assert.doesNotMatch(await says("/var/log/cloud-init.log"), /Please wait|nocloud-net.*deprecated/, "every file of a seed is there, and no name is an old one");

        await exec("rm /etc/role");
        await boot();
        assert.equal((await tryExec("cat /etc/role")).exitCode, 1, "what has run once does not run again");
    }
    project.edit((text) => text.replace("config: { SITE:", 'rerun: "onChange", config: { SITE:'));
    await project.run(["up", "--yes", "--skip-preview"]);
    for (const { boot, says } of systems) {
        await boot();
        assert.match(await says("/var/lib/cloud/data/instance-id"), /^iid-db-1-[0-9a-f]{12}$/);
        assert.equal(await says("/etc/role"), "database");
    }
});

test("the volume is built on the master, served, and read by a tool that is not ours", async () => {
    project.edit((text) => text.replace("config: { SITE:", 'delivery: "iso", config: { SITE:'));
    await project.run(["up", "--yes", "--skip-preview"]);
    const file = "/srv/netboot/http/seed/web-2.iso";
    assert.match(await master.exec(`blkid -p ${file}`), / LABEL="cidata" TYPE="iso9660"/);
    assert.match(await served(master, "/seed/web-2.iso"), /200 OK/);
    await master.exec("DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends libarchive-tools");
    for (const part of ["user-data", "meta-data", "CONFIG"]) assert.equal(await master.exec(`bsdtar -xOf ${file} ${part}`), await master.exec(`cat /srv/netboot/http/seed/web-2/${part}`));
    assert.doesNotMatch(await cmdline("52-54-00-00-02-02"), /ds=/);
});
