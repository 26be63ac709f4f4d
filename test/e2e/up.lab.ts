// Every program of examples/, unchanged, with the real CLI on a plain master: preview without a network, up, up again, destroy.
import assert from "node:assert/strict";
import { cpSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { bootableDisk } from "../lab/disk/image.ts";
import { type Lab, openLab } from "../lab/lab.ts";
import { type Master, startMaster } from "../lab/master.ts";
import { mountStore } from "../lab/store.ts";
import { differences, inWords } from "../lab/snapshot.ts";
import { root } from "../setup/where.mjs";
import { readFileSync } from "node:fs";
import { openProject } from "../pulumi/project.ts";
import { daemons, stand } from "./cli.ts";
import { settings, site } from "./site.ts";

let lab: Lab;
let master: Master;
before(async () => {
    lab = await openLab();
    master = await startMaster(lab);
    // xz-utils brings a newer version of this library, which purging does not take back.
    await master.exec("apt-get update -q >/dev/null; DEBIAN_FRONTEND=noninteractive apt-get install -yq --only-upgrade liblzma5 >/dev/null");
});
after(() => lab.close());

interface Case {
    config?: (lab: Lab) => Record<string, unknown>;
    /** What the master must have that no plain one has. */
    prepare?: (lab: Lab, master: Master) => Promise<{ unmount(): Promise<void> }>;
    resources: number;
    /** A file that it must bring, and a line of it. */
    file: string;
    line: RegExp;
    /** What is meant to outlive it. */
    stays?: string[];
}

const mac = (file: string) => `/srv/netboot/http/mac/${file}.ipxe`;
const examples: Record<string, Case> = {
    quickstart: { resources: 5, file: mac("52-54-00-00-00-02"), line: /console=ttyS0 quiet netboot\.name=desk-02/ },
    classroom: {
        config: (lab) => ({ teacher: "52:54:00:00:00:99", seats: { "seat-1": { mac: "52:54:00:00:00:11", address: lab.at(11) }, "seat-2": { mac: "52:54:00:00:00:12", address: lab.at(12) } } }),
        resources: 8, file: "/srv/netboot/http/menu/seats.ipxe", line: /Rescue system/,
    },
    "proxy-dhcp": { config: () => ({ machines: { "pc-1": "52:54:00:00:00:21" } }), resources: 4, file: mac("52-54-00-00-00-21"), line: /netboot\.name=pc-1/ },
    "cloud-init": { resources: 4, file: "/srv/netboot/http/seed/db-1/user-data", line: /db-1: database of lab/ },
    diskless: {
        config: (lab) => ({ image: join(lab.folder, "golden.img"), seats: { "seat-1": { mac: "52:54:00:00:00:31", address: lab.at(31) } }, teacher: { mac: "52:54:00:00:00:39", address: lab.at(39) } }),
        prepare: (lab, master) => (writeFileSync(join(lab.folder, "golden.img"), bootableDisk()), mountStore(master, "/srv/netboot/volumes")),
        // tgt brings libibverbs1, and purging that leaves its group.
        stays: ["/etc/group", "/etc/gshadow"],
        resources: 8, file: "/etc/systemd/system/netboot-iscsi.service", line: /portal=/,
    },
    instances: {
        config: (lab) => ({ image: join(lab.folder, "debian.img"), databasePassword: "correct horse" }),
        prepare: (lab, master) => (writeFileSync(join(lab.folder, "debian.img"), bootableDisk()), mountStore(master, "/srv/netboot/volumes")),
        stays: ["/etc/group", "/etc/gshadow"],
        resources: 24, file: "/srv/netboot/seeds/web-9/user-data", line: /web-9: web 9/,
    },
    "internet-cafe": {
        config: (lab) => ({ officeImage: join(lab.folder, "office.img"), gamesImage: join(lab.folder, "games.img"), night: 20778, seats: { "seat-1": { mac: "52:54:00:00:00:51", address: lab.at(51) }, "seat-2": { mac: "52:54:00:00:00:52", address: lab.at(52) } } }),
        prepare: (lab, master) => (["office", "games"].forEach((name, i) => writeFileSync(join(lab.folder, `${name}.img`), Buffer.concat([bootableDisk(), Buffer.alloc(512 * i)]))), mountStore(master, "/srv/netboot/volumes")),
        stays: ["/etc/group", "/etc/gshadow"],
        resources: 9, file: "/srv/netboot/http/menu/seats.ipxe", line: /Games, kept until tonight/,
    },
    fleet: { resources: 4, file: mac("52-54-00-00-01-28"), line: /netboot\.name=node-40/ },
    overnight: {
        config: (lab) => ({ term: 1, image: join(lab.folder, "classroom.img"), seats: { "seat-1": "52:54:00:00:00:41", "seat-2": "52:54:00:00:00:42" } }),
        prepare: async (lab) => (writeFileSync(join(lab.folder, "classroom.img"), bootableDisk()), { unmount: async () => {} }),
        resources: 5, file: mac("52-54-00-00-00-41"), line: /netboot\.order=/, stays: ["/var/lib/netboot-ledger"],
    },
    "capture-and-roll-out": { config: () => ({ gold: "52:54:00:00:00:31" }), resources: 3, file: mac("52-54-00-00-00-31"), line: /netboot\.order=/, stays: ["/var/lib/netboot-ledger"] },
};

/** The first example finds a bare master; for the others it is one that somebody has put the daemons on: they leave what is not theirs, and are through sooner. */
const DAEMONS = "DEBIAN_FRONTEND=noninteractive apt-get install -yq --no-install-recommends dnsmasq-base ipxe nginx-light >/dev/null && systemctl disable -q --now nginx.service";
let bare = true;

for (const [name, { config, prepare, resources, file, line, stays }] of Object.entries(examples))
    test(`${name}: previewed without a network, applied, applied again for nothing, and gone without a trace`, async (t) => {
        const more = config?.(lab) ?? {};
        using project = await site(lab, master, name, more);
        const seconds: Record<string, number> = {};
        const run = async (what: string, args: string[], env: NodeJS.ProcessEnv = {}) => {
            const ran = await project.run(args, { env: { PULUMI_SKIP_CHECKPOINTS: "true", ...env } });
            seconds[what] = ran.seconds;
            return ran.text;
        };
        const store = await prepare?.(lab, master);
        if (!bare) await master.exec(DAEMONS);
        bare = false;
        const before = await master.snapshot();

        // 192.0.2.1 (TEST-NET-1) answers nobody: whatever asked it would fail, or take much longer than this.
        await project.run(["config", "set", "host", "192.0.2.1"]);
        const preview = await run("preview", ["preview", "--diff"]);
        assert.match(preview, new RegExp(`\\+ ${resources + 1} to create`));
        assert.ok(preview.includes(file), `the preview names ${file}`);
        await project.run(["config", "set", "host", master.host]);
        project.env["PULUMI_NODEJS_TRANSPILE_ONLY"] = "true"; // its types were checked just now

        const first = await run("up", ["up", "--yes", "--skip-preview"]);
        assert.match(first, new RegExp(`\\+ ${resources + 1} created`));
        assert.match(await master.exec(`cat ${file}`), line);
        for (const [unit, { state }] of Object.entries(await daemons(master))) assert.equal(state, "active", unit);

        const then = await stand(master);
        await run("up again", ["up", "--yes", "--skip-preview", "--expect-no-changes"]);
        assert.deepEqual(await stand(master), then, "nothing was written, started or reloaded");

        await run("destroy", ["destroy", "--yes", "--skip-preview"]);
        assert.equal(inWords(differences(before, await master.snapshot(), stays)), "");
        await store?.unmount();
        t.diagnostic(Object.entries(seconds).map(([what, s]) => `${what} ${s.toFixed(1)} s`).join(", "));
    });

test("the repository itself is the quickstart project", async () => {
    const project = await openProject({ "Pulumi.yaml": readFileSync(join(root, "Pulumi.yaml"), "utf8") }, { ...settings(lab, master), host: "192.0.2.1" });
    try {
        rmSync(join(project.folder, "tsconfig.json"));
        for (const part of ["package.json", "examples"]) cpSync(join(root, part), join(project.folder, part), { recursive: true });
        assert.match((await project.run(["preview"])).text, /\+ 6 to create/);
    } finally {
        project.remove();
    }
});
