import { base } from "../engine/paths";
import type { Problem } from "../resource";
import { hasUnknown } from "../unknown";
import { readHandle } from "./handle";
import { hostOf, type Inputs, pureInput } from "./inputs";

/** From which host to which a resource goes: it is deleted there, and then created here. Another name of the same host is another host, as nobody asks it. */
export interface Way {
    from: string;
    to: string;
}

export interface Move extends Way {
    /** Its master goes there as well, and before it: what that leaves behind is nobody's, and disks stay. */
    withMaster: boolean;
}

export function wayOf(olds: Partial<Inputs>, news: Inputs): Way | undefined {
    const [from, to] = [hostOf(olds as Inputs), hostOf(news)];
    return from === undefined || to === undefined || hasUnknown(to) || from === to ? undefined : { from, to };
}

/** Of this process: where each master of the program is now, and which volumes leave which host. `check` comes for what others refer to before it comes for those. */
const masters = new Set<string>();
const leaving = new Map<string, Set<string>>();

export function moveOf(type: string, olds: Partial<Inputs>, news: Inputs): Move | undefined {
    if (type === "MasterServer") masters.add(`${pureInput(news).name} ${hostOf(news)}`);
    const way = wayOf(olds, news);
    return way && { ...way, withMaster: olds.__master !== undefined && masters.has(`${readHandle(olds.__master).ref.name} ${way.to}`) };
}

const disks = ({ volumes }: Partial<Inputs>) => Object.entries(volumes ?? {});
const without = (olds: Partial<Inputs>) => disks(olds).filter(([, { retain }]) => !retain);

/** Copies of a volume that leaves their host before them: Pulumi deletes it first, and the host refuses that. */
export function parted(move: Move | undefined, olds: Partial<Inputs>): Problem[] {
    const host = hostOf(olds as Inputs);
    if (host === undefined || move?.withMaster) return [];
    const gone = leaving.get(host) ?? new Set<string>();
    if (move) leaving.set(host, new Set([...gone, ...without(olds).map(([path]) => path)]));
    const property = move ? "master" : "boot";
    return disks(olds).flatMap(([path, { from }]) => {
        if (!from || !("volume" in from) || !gone.has(from.volume)) return [];
        const parent = base(from.volume);
        return [{ property, reason: `${property}: on ${host} ${base(path)} is a copy of ${parent}, which leaves that host in this run, and a volume with copies is not removed: write retain: true on ${parent} first, with an \`up\` of its own, by which it stays there.` }];
    });
}

/** What becomes of the disks that it has, for the diagnostics of preview and up. */
export const leftBehind = ({ from, to, withMaster }: Move, olds: Partial<Inputs>): string[] =>
    without(olds).map(([path]) =>
        withMaster
            ? `LEAVES ${base(path)} with all that is on it on ${from}, where it is nobody's: on ${to} it is made anew or, if that is the same host, taken up again`
            : `REMOVES ${base(path)} with all that is on it from ${from}, as what it belongs to goes to ${to}`,
    );
