// What every program of examples/ is given, and what is to come of it; and a whole life of it with the real CLI on a plain master.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { bootableDisk } from "../lab/disk/image.ts";
import type { Lab } from "../lab/lab.ts";
import type { Master } from "../lab/master.ts";
import { differences, inWords } from "../lab/snapshot.ts";
import { mountStore } from "../lab/store.ts";
import type { Project } from "../pulumi/project.ts";
import { daemons, stand } from "./cli.ts";
import { site } from "./site.ts";

export interface Case {
    config?: (lab: Lab) => Record<string, unknown>;
    /** Disk images that lie in the lab's folder, each another one. */
    images?: string[];
    /** The master has a file system for volumes. */
    store?: true;
    resources: number;
    /** A file that it must bring, and a line of it. */
    file: string;
    line: RegExp;
    /** What is meant to outlive it. */
    stays?: string[];
}

const mac = (file: string) => `/srv/netboot/http/mac/${file}.ipxe`;
export const examples: Record<string, Case> = {
    quickstart: { resources: 5, file: mac("52-54-00-00-00-02"), line: /console=ttyS0 quiet netboot\.name=desk-02/ },
    classroom: {
        config: (lab) => ({ teacher: "52:54:00:00:00:99", seats: { "seat-1": { mac: "52:54:00:00:00:11", address: lab.at(11) }, "seat-2": { mac: "52:54:00:00:00:12", address: lab.at(12) } } }),
        resources: 8, file: "/srv/netboot/http/menu/seats.ipxe", line: /Rescue system/,
    },
    "proxy-dhcp": { config: () => ({ machines: { "pc-1": "52:54:00:00:00:21" } }), resources: 4, file: mac("52-54-00-00-00-21"), line: /netboot\.name=pc-1/ },
    "cloud-init": { resources: 4, file: "/srv/netboot/http/seed/db-1/user-data", line: /db-1: database of lab/ },
    diskless: {
        config: (lab) => ({ image: join(lab.folder, "golden.img"), seats: { "seat-1": { mac: "52:54:00:00:00:31", address: lab.at(31) } }, teacher: { mac: "52:54:00:00:00:39", address: lab.at(39) } }),
        images: ["golden.img"], store: true,
        // tgt brings libibverbs1, and purging that leaves its group.
        stays: ["/etc/group", "/etc/gshadow"],
        resources: 8, file: "/etc/systemd/system/netboot-iscsi.service", line: /portal=/,
    },
    instances: {
        config: (lab) => ({ image: join(lab.folder, "debian.img"), databasePassword: "correct horse" }),
        images: ["debian.img"], store: true,
        stays: ["/etc/group", "/etc/gshadow"],
        resources: 24, file: "/srv/netboot/seeds/web-9/user-data", line: /web-9: web 9/,
    },
    "internet-cafe": {
        config: (lab) => ({ officeImage: join(lab.folder, "office.img"), gamesImage: join(lab.folder, "games.img"), night: 20778, desk: lab.at(60), stripPassword: "outlets", seats: { "seat-1": { mac: "52:54:00:00:00:51", address: lab.at(51), outlet: 1 }, "seat-2": { mac: "52:54:00:00:00:52", address: lab.at(52), outlet: 2 } } }),
        images: ["office.img", "games.img"], store: true,
        stays: ["/etc/group", "/etc/gshadow"],
        resources: 9, file: "/srv/netboot/http/menu/seats.ipxe", line: /Games, kept until tonight/,
    },
    fleet: { resources: 4, file: mac("52-54-00-00-01-28"), line: /netboot\.name=node-40/ },
    overnight: {
        config: (lab) => ({ term: 1, image: join(lab.folder, "classroom.img"), seats: { "seat-1": "52:54:00:00:00:41", "seat-2": "52:54:00:00:00:42" } }),
        images: ["classroom.img"],
        resources: 5, file: mac("52-54-00-00-00-41"), line: /netboot\.order=/, stays: ["/var/lib/netboot-ledger"],
    },
    "capture-and-roll-out": { config: () => ({ gold: "52:54:00:00:00:31" }), resources: 3, file: mac("52-54-00-00-00-31"), line: /netboot\.order=/, stays: ["/var/lib/netboot-ledger"] },
};

/** A project of this example, with all that it is given. */
export async function projectOf(lab: Lab, master: Master, { name, config, images = [] }: Case & { name: string }): Promise<Project & Disposable> {
    images.forEach((image, i) => writeFileSync(join(lab.folder, image), Buffer.concat([bootableDisk(), Buffer.alloc(512 * i)])));
    return site(lab, master, name, config?.(lab));
}

/** Without a network: 192.0.2.1 (TEST-NET-1) answers nobody, and whatever asked it would fail, or take much longer than this. */
export async function previewed(project: Project, master: Master, { resources, file }: Case): Promise<number> {
    await project.run(["config", "set", "host", "192.0.2.1"]);
    const { text, seconds } = await project.run(["preview", "--diff"]);
    assert.match(text, new RegExp(`\\+ ${resources + 1} to create`));
    assert.ok(text.includes(file), `the preview names ${file}`);
    await project.run(["config", "set", "host", master.host]);
    return seconds;
}

/** Previewed, applied, applied again for nothing, and gone without a trace. */
export async function life(t: TestContext, lab: Lab, master: Master, name: string): Promise<void> {
    const example = examples[name]!;
    using project = await projectOf(lab, master, { name, ...example });
    const seconds: Record<string, number> = {};
    const run = async (what: string, args: string[]) => {
        const ran = await project.run([...args, "--yes", "--skip-preview"], { env: { PULUMI_SKIP_CHECKPOINTS: "true" } });
        seconds[what] = ran.seconds;
        return ran.text;
    };
    const store = example.store && await mountStore(master, "/srv/netboot/volumes");
    const before = await master.snapshot();
    seconds["preview"] = await previewed(project, master, example);
    project.env["PULUMI_NODEJS_TRANSPILE_ONLY"] = "true"; // its types were checked just now

    assert.match(await run("up", ["up"]), new RegExp(`\\+ ${example.resources + 1} created`));
    assert.match(await master.exec(`cat ${example.file}`), example.line);
    for (const [unit, { state }] of Object.entries(await daemons(master))) assert.equal(state, "active", unit);

    const then = await stand(master);
    await run("up again", ["up", "--expect-no-changes"]);
    assert.deepEqual(await stand(master), then, "nothing was written, started or reloaded");

    await run("destroy", ["destroy"]);
    assert.equal(inWords(differences(before, await master.snapshot(), example.stays)), "");
    await store?.unmount();
    t.diagnostic(Object.entries(seconds).map(([what, s]) => `${what} ${s.toFixed(1)} s`).join(", "));
}
