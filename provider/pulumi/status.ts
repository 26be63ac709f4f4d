/**
 * Status lines on a resource's own row while a long step runs. Dynamic providers have no official way; the engine's
 * address is the last argument of this process, and its log service takes a URN. Best effort: where that is not so, silence.
 * Not by `pulumi.log`: what the engine has not answered when a run ends is to it a leak, of which it tells the user.
 */
interface Line {
    severity: "INFO" | "WARNING";
    urn: string;
    message: string;
    /** The next line takes its place. */
    ephemeral: boolean;
}
type Engine = (line: Line) => Promise<void>;

/** How long one line may take, and all that are waiting when a run ends, in milliseconds. */
const PATIENCE = 10_000;
const PARTING = 1_000;

let engine: Engine | undefined | null = null;
/** Each line waits for the answer to the one before, so that the last one said is the one that stays. */
const waiting: Line[] = [];
let telling: Promise<void> | undefined;

function reached(): Engine | undefined {
    const address = process.argv.at(-1) ?? "";
    if (!/^[\w.[\]:]+:\d+$/.test(address)) return undefined;
    try {
        const { EngineClient } = require("@pulumi/pulumi/proto/engine_grpc_pb");
        const { LogRequest, LogSeverity } = require("@pulumi/pulumi/proto/engine_pb");
        const grpc = require(require.resolve("@grpc/grpc-js", { paths: [require.resolve("@pulumi/pulumi/proto/engine_grpc_pb")] }));
        const client = new EngineClient(address, grpc.credentials.createInsecure());
        return ({ severity, urn, message, ephemeral }) => {
            const request = new LogRequest();
            request.setSeverity(LogSeverity[severity]);
            request.setUrn(urn);
            request.setMessage(message);
            request.setEphemeral(ephemeral);
            return new Promise((resolve, reject) => client.log(request, { deadline: Date.now() + PATIENCE }, (error: Error | null) => (error ? reject(error) : resolve())));
        };
    } catch {
        // An @pulumi/pulumi without these internals: no status lines, nothing else is lost.
        return undefined;
    }
}

function say(line: Line): void {
    if (engine === null) engine = reached();
    if (!engine) return;
    const passed = waiting.findIndex(({ ephemeral, urn }) => ephemeral && urn === line.urn);
    if (passed >= 0) waiting.splice(passed, 1);
    waiting.push(line);
    telling ??= tell(engine).finally(() => (telling = undefined));
}

async function tell(to: Engine): Promise<void> {
    for (let line = waiting.shift(); line; line = waiting.shift()) await to(line).catch(() => { /* the engine may be gone at the end of a run */ });
}

/** That the lines have reached the engine, as far as it answers soon. */
export const told = (): Promise<void> => Promise.race([telling ?? Promise.resolve(), new Promise<void>((resolve) => setTimeout(resolve, PARTING).unref())]);

/** A function that shows a passing message on the row of one resource. */
export const statusOf = (urn: string) => (message: string): void => say({ severity: "INFO", urn, message, ephemeral: true });

/** A warning that stays in the diagnostics of preview and up. */
export const warning = (urn: string, message: string): void => say({ severity: "WARNING", urn, message, ephemeral: false });
