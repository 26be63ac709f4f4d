import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import type { Planned } from "@pulumi-netboot/provider";

/** The resources of the program, as a preview plans them. The preview's secrets stay in this process. */
export async function planned(stack: string | undefined): Promise<Planned[]> {
    const { output, code } = await run(["preview", "--json", "--show-sames", "--show-secrets"], stack);
    const plan = JSON.parse(output || "{}") as { steps?: { newState?: Planned }[]; diagnostics?: { severity: string; message: string }[] };
    for (const { severity, message } of plan.diagnostics ?? []) if (severity === "error" || severity === "warning") process.stderr.write(message);
    if (code !== 0) throw new Error(`pulumi preview ended with exit code ${code}; doctor needs a program that previews.`);
    return (plan.steps ?? []).flatMap(({ newState }) => (newState?.inputs ? [{ type: newState.type, inputs: newState.inputs }] : []));
}

/** The resources of the stack, as its state has them: no program runs. The state's secrets stay in this process. */
export async function deployed(stack: string | undefined): Promise<Planned[]> {
    const { output, code } = await run(["stack", "export", "--show-secrets"], stack);
    if (code !== 0) throw new Error(`pulumi stack export ended with exit code ${code}; netboot needs the state of a stack.`);
    const { deployment } = JSON.parse(output) as { deployment: { resources?: { type: string; outputs?: Record<string, unknown>; delete?: boolean }[] } };
    // What was replaced, and could not be deleted yet, is none of the program's.
    return (deployment.resources ?? []).flatMap(({ type, outputs, delete: leaving }) => (outputs && !leaving ? [{ type, inputs: opened(outputs) as Record<string, unknown> }] : []));
}

/** Pulumi's mark of a secret in exported state (sdk/go/common/resource, sig.go). */
const SIGNATURE = "4dabf18193072939515e22adb298388d";

function opened(value: unknown): unknown {
    if (Array.isArray(value)) return value.map(opened);
    if (!value || typeof value !== "object") return value;
    if (SIGNATURE in value) return opened(JSON.parse((value as unknown as { plaintext: string }).plaintext));
    return Object.fromEntries(Object.entries(value).map(([key, v]) => [key, opened(v)]));
}

/** The stack's configuration by key, as `netboot:desk-01`; of what is secret, that it is. */
export async function configured(stack: string | undefined): Promise<Record<string, { value?: string; secret?: boolean }>> {
    const { output, code } = await run(["config", "--json"], stack);
    if (code !== 0) throw new Error(`pulumi config ended with exit code ${code}; netboot needs the configuration of a stack.`);
    return JSON.parse(output) as Record<string, { value?: string; secret?: boolean }>;
}

/** Runs Pulumi; its exit code. `shown`: with its output where ours goes. `anyEnd`: a failure is the caller's to tell. */
export async function pulumi(args: string[], stack: string | undefined, { shown = false, anyEnd = false } = {}): Promise<number | null> {
    const { code } = await run(args, stack, shown);
    if (code !== 0 && !anyEnd) throw new Error(`pulumi ${args.slice(0, 2).join(" ")} ended with exit code ${code}.`);
    return code;
}

async function run(args: string[], stack: string | undefined, shown = false): Promise<{ output: string; code: number | null }> {
    const child = spawn("pulumi", [...args, "--non-interactive", ...(stack ? ["--stack", stack] : [])], { stdio: ["ignore", shown ? "inherit" : "pipe", "inherit"] });
    const ended = new Promise<number | null>((resolve, reject) => child.on("error", reject).on("close", resolve));
    const [output, code] = await Promise.all([child.stdout ? text(child.stdout) : "", ended]);
    return { output, code };
}
