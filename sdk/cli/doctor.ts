import type { Diagnosis } from "@pulumi-netboot/provider";
import type { Options } from "./main";
import { planned } from "./stack";

export async function doctor({ stack, json }: Options): Promise<number> {
    const { diagnose } = await import("@pulumi-netboot/provider");
    const found = await diagnose(await planned(stack));
    process.stdout.write(json ? `${JSON.stringify(found, null, 2)}\n` : table(found));
    return found.every(({ ok }) => ok) ? 0 : 1;
}

function table(found: Diagnosis[]): string {
    if (!found.length) return "No master is declared here, or none is known yet.\n";
    const hosts = Map.groupBy(found, ({ host }) => host);
    return [...hosts].map(([host, all]) => `${host}\n${all.map(line).join("")}`).join("\n");
}

function line({ ok, hint, what, mend, for: who }: Diagnosis): string {
    const word = !ok ? "FAIL" : hint ? "hint" : "ok  ";
    const well = ok && !hint;
    return `  ${word}  ${what}${well ? "" : `  (${who})`}\n${!well && mend ? `        ${mend}\n` : ""}`;
}
