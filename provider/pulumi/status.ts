/**
 * Status lines on a resource's own row while a long step runs. Dynamic providers have no official way; the engine's
 * address is the last argument of this process, and its log service takes a URN. Best effort: where that is not so, silence.
 */
type Log = { [level in "info" | "warn"]: (message: string, resource: unknown, streamId: number, ephemeral: boolean) => Promise<void> };
let log: Log | undefined | null = null;
let Dependency: new (urn: string) => unknown;

function engineLog(): Log | undefined {
    if (log !== null) return log;
    log = undefined;
    const address = process.argv.at(-1) ?? "";
    if (!/^[\w.[\]:]+:\d+$/.test(address)) return undefined;
    try {
        const pulumi = require("@pulumi/pulumi");
        require("@pulumi/pulumi/runtime/settings").resetOptions("", "", 1, address, "", false, "");
        Dependency = pulumi.DependencyResource;
        log = pulumi.log as Log;
    } catch {
        // An @pulumi/pulumi without these internals: no status lines, nothing else is lost.
        log = undefined;
    }
    return log;
}

/** A function that shows a passing message on the row of one resource. */
export function statusOf(urn: string): (message: string) => void {
    return (message) => {
        const to = engineLog();
        if (to) void to.info(message, new Dependency(urn), 0, true).catch(() => { /* the engine may be gone at the end of a run */ });
    };
}

/** A warning that stays in the diagnostics of preview and up. */
export function warning(urn: string, message: string): void {
    const to = engineLog();
    if (to) void to.warn(message, new Dependency(urn), 0, false).catch(() => { /* the engine may be gone at the end of a run */ });
}
