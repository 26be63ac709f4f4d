// What every program of examples/ is given, and what is to come of it.
import { createHash } from "node:crypto";
import { join } from "node:path";
import { zstdCompressSync } from "node:zlib";
import { bootableDisk } from "../lab/disk/image.ts";
import type { Lab } from "../lab/lab.ts";

export interface Case {
    config?: (lab: Lab) => Record<string, unknown>;
    /** Disk images that lie in the lab's folder, each another one. */
    images?: string[];
    /** The master has a file system for volumes. */
    store?: true;
    /** Programs of the site's own that its master has; here they do nothing. */
    programs?: string[];
    resources: number;
    /** A file that it must bring, and a line of it. */
    file: string;
    line: RegExp;
    /** What is meant to outlive it. */
    stays?: string[];
    /** What its owner sets when the first up has done its work: what machines have put on the master by then, which stays, and what the next preview must say. */
    later?: { files: Record<string, Buffer>; config: Record<string, string | Record<string, string>>; says: RegExp };
}

/** As a machine sends its disk. */
const captured = zstdCompressSync(bootableDisk());
const digest = createHash("sha256").update(captured).digest("hex");

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
        resources: 24, file: "/srv/netboot/seeds/web-8/user-data", line: /web-8: web 8/,
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
    "capture-and-roll-out": {
        config: () => ({ gold: "52:54:00:00:00:31" }), resources: 3, file: mac("52-54-00-00-00-31"), line: /netboot\.order=/, stays: ["/var/lib/netboot-ledger"],
        later: {
            files: { "/srv/netboot/captures/golden/1.zst": captured, "/srv/netboot/captures/golden/1.zst.done": Buffer.from(`image ${digest}\n`) },
            config: { golden: digest, seats: { "seat-1": "52:54:00:00:00:32", "seat-2": "52:54:00:00:00:33" } },
            says: /; 2 machines in this run so far, of at most 30 \(maxErase\)/,
        },
    },
    "rental-desk": {
        config: (lab) => ({ desks: { "desk-01": { mac: "52:54:00:00:00:71", address: lab.at(71), outlet: 7 } } }),
        programs: ["/usr/local/sbin/strip"],
        resources: 4, file: mac("52-54-00-00-00-71"), line: /booting the local disk/,
    },
};

/** Those that need more than a master, and what runs them in place of up.lab.ts. */
export const elsewhere: Record<string, string> = { "debian-rack": "test/e2e/rack.ts" };
