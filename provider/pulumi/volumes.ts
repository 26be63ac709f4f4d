import { base } from "../engine/paths";
import type { VolumeSpec } from "../engine/state";
import type { Problem } from "../resource";
import type { Inputs } from "./inputs";
import { same } from "./secret";

type Volumes = Record<string, VolumeSpec>;
type DataDisks = { volume: { name: string } }[];

/** A field of the volume, or of the boot that a machine's copy comes from: its path in the inputs, and what a message calls it. */
function field({ boot }: Partial<Inputs>, path: string, name: string): { property: string; called: string } {
    const { kind, menu, disk, dataDisks = disk?.dataDisks } = (boot ?? {}) as { kind?: string; menu?: { name: string }; disk?: { dataDisks?: DataDisks }; dataDisks?: DataDisks };
    // Windows PE and an installation have the disk beside what they start.
    const at = disk ? "boot.disk" : "boot";
    const called = (property: string) => ({ property, called: property });
    if (!kind) return called(name);
    if (kind === "menu") return { property: "boot", called: `boot is the menu "${menu!.name}", where the ${name} of ${base(path).replace(/\+.*/, "")}` };
    const data = dataDisks?.findIndex(({ volume }) => base(path).startsWith(`${volume.name}+`)) ?? -1;
    return called(data < 0 ? `${at}.${name}` : `${at}.dataDisks[${data}].${name}`);
}

/** What state shows already that the host would refuse: a lower generation, another content under the same one, a smaller disk. */
export function volumeFaults(given: Partial<Inputs>, olds: Partial<Inputs>, volumes: Volumes = {}): Problem[] {
    return Object.entries(volumes).flatMap(([path, now]): Problem[] => {
        const before = olds.volumes?.[path];
        if (!before) return [];
        const say = (name: string, words: string) => {
            const { property, called } = field(given, path, name);
            return [{ property, reason: `${called} ${words}` }];
        };
        if (before.driver && now.driver !== before.driver) return [{ property: "master", reason: `master: its storage.driver is "${now.driver}", and ${base(path)} is kept by ${before.driver}: a volume does not change its driver, and a master has one. Write "${before.driver}" again; or remove ${base(path)} first, with an \`up\` of its own, by which what is on it is lost, and declare it anew.` }];
        // What its machine has not asked for yet may be taken back; only the master knows.
        if (now.generation < before.generation && before.atBoot) return [];
        if (now.generation < before.generation) return say("generation", `is ${now.generation}, and ${base(path)} is of generation ${before.generation}: write ${before.generation} to leave it as it is, or ${before.generation + 1} to have it made anew.`);
        if (now.generation > before.generation) return [];
        // What is thrown away at each boot comes from wherever the next one says.
        if (!same(now.from, before.from) && !now.discard && !before.discard) return say("generation", `is ${now.generation} as before, and what ${base(path)} comes from is another: write ${now.generation + 1} to have it made anew, by which what is on it is lost.`);
        if (now.size !== undefined && before.size !== undefined && now.size < before.size) return say("size", `is ${now.size} bytes, and ${base(path)} has ${before.size}: a disk is not made smaller; leave the size, or raise the generation to have it made anew.`);
        return [];
    });
}

/** The earliest generation that is kept. */
const oldest = ({ generation, history = 0 }: VolumeSpec): number => Math.max(1, generation - history);

/** What this run would lose, for the diagnostics of preview and up. With `partly`, something else is not known yet: of what is not among the volumes nothing is said. */
export function losses(olds: Partial<Inputs>, volumes: Volumes = {}, partly = false): string[] {
    return Object.entries(olds.volumes ?? {}).flatMap(([path, before]) => {
        const now = volumes[path];
        if (now?.atBoot && now.generation > before.generation) return [`DISCARDS what is on ${base(path)} at the next boot of its machine, by which it is made anew (generation ${before.generation} → ${now.generation})`];
        if (now && now.generation > before.generation && oldest(now) > before.generation) return [`DISCARDS what is on ${base(path)}, which is made anew (generation ${before.generation} → ${now.generation})`];
        if (now && oldest(now) > oldest(before)) return [`REMOVES ${oldest(now) - 1 === oldest(before) ? `generation ${oldest(before)}` : `generations ${oldest(before)} to ${oldest(now) - 1}`} of ${base(path)}, which its history no longer keeps`];
        if (now && before.atBoot && !now.atBoot && now.generation === before.generation && now.generation > 1) return [`DISCARDS what is on ${base(path)} if it is of a lower generation than ${now.generation} still: then it is made anew, and not at the next boot of its machine`];
        if (now?.discard && !before.discard) return [`DISCARDS what is on ${base(path)} at the next boot of its machine, and at each one after that`];
        return now || before.retain || partly ? [] : [`REMOVES ${base(path)} with all that is on it`];
    });
}
