import * as pulumi from "@pulumi/pulumi";

/**
 * An entry of a menu for roles that no machine has is shown to nobody. A menu is checked before the machines that boot it, so only the end of the program tells: Pulumi waits
 * for what `beforeExit` still brings. A program within another (Automation API) has no such end, and is not asked.
 */
const entries: { menu: pulumi.Resource; property: string; only: string[] }[] = [];
const had = new Set<string>();

/** Roles that are known only when other resources are may be any. */
let open = false;

const plain = (roles: unknown): roles is string[] => Array.isArray(roles) && roles.every((role) => typeof role === "string");

/** Whom an entry is for. */
export function entryFor(menu: pulumi.Resource, property: string, only: unknown): void {
    if (!plain(only)) return;
    entries.push({ menu, property, only });
    watch();
}

/** What a machine or a group is. */
export function rolesHad(roles: unknown): void {
    if (plain(roles)) roles.forEach((role) => had.add(role));
    else open ||= roles !== undefined;
}

let watching = false;

function watch(): void {
    if (watching || !/[\\/]@pulumi[\\/]pulumi[\\/]cmd[\\/]run\b/.test(process.argv[1] ?? "")) return;
    watching = true;
    process.once("beforeExit", () => {
        const idle = open ? undefined : entries.find(({ only }) => !only.some((role) => had.has(role)));
        if (idle) throw new pulumi.ResourceError(`${idle.property} is ${JSON.stringify(idle.only)}, and no machine or group has that role: nobody would see the entry. Give the role in boot.menu(menu, { roles: ${JSON.stringify(idle.only)} }), or take the entry out.`, idle.menu, true);
    });
}
