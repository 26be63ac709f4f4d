// How far a client has come in its boot, read from its serial line.
import { marker } from "./disk/code.ts";
import { firmwareStarts } from "./serial.ts";

/** In this order, though not each boot has all: one that ends at the local disk has neither kernel nor up. */
export const stages = ["firmware", "dhcp", "loader", "script", "kernel", "up", "local"] as const;
export type Stage = (typeof stages)[number];

export interface StageSeen {
    stage: Stage;
    seconds: number;                     // since this boot began
    detail: string;                      // an address, a URL, a line
}

const fetched = /(\b(?:tftp|https?):\/\/\S+?)\.\.\. ok\s*$/;
const patterns: [Stage, RegExp][] = [
    ["dhcp", /^net\d+: (\d+\.\d+\.\d+\.\d+)\/|Station IP address is (\S+)/],
    ["loader", /NBP filename is (\S+)|^ *URI: (\S+)/],
    ["up", /^NETBOOT-UP cmdline=(.*)/],
    // What the loader said last may stand before it, without an end of line.
    ["kernel", /(Linux version \d\S+)/],
    // iPXE says a path as the script has it.
    ["kernel", /^(\/\S*\/vmlinuz)\.\.\. ok/],
    ["local", new RegExp(`(${marker}.*)`)],
];

/** The first words of a boot: whatever came before belongs to the one before. A prompt that it was cut off at may stand before them. */
export const beginsBoot = (line: string): boolean => line === firmwareStarts || /SeaBIOS \(version/.test(line);

/** What a line says about the boot. A script may fetch many scripts: a later one is told again, with its own URL. */
export function stageOf(line: string): { stage: Stage; detail: string } | undefined {
    if (beginsBoot(line)) return { stage: "firmware", detail: line };
    const url = fetched.exec(line)?.[1];
    if (url) return { stage: stageOfUrl(url), detail: url };
    for (const [stage, pattern] of patterns) {
        const match = pattern.exec(line);
        if (match) return { stage, detail: match.slice(1).find(Boolean) ?? line };
    }
    return undefined;
}

function stageOfUrl(url: string): Stage {
    const path = url.replace(/\?.*/, "");
    if (/\.(k?kpxe|pxe|efi|lkrn)$/.test(path) && !/vmlinuz|linux/.test(path)) return "loader";
    return /\.ipxe$|\/boot$/.test(path) ? "script" : "kernel";
}
